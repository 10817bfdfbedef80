/** Which Go builds each side: the scenario's choice, and `--base-go` and `--head-go`, which win over it. */
import { dirname, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { type BySide, type Scenario, type Side, SIDES } from '../model/index.ts';
import { GO_CHOICE_EXPECTED, parseGoChoice } from '../scenario/index.ts';
import { chosenGo } from '../service/index.ts';

type GoChoice = Partial<BySide<string>>;

const absolute = (choice: string, folder: string): string => (choice.includes('/') ? resolve(folder, choice) : choice);

const eachIn = (choice: GoChoice, change: (text: string) => string): GoChoice =>
  Object.fromEntries(SIDES.flatMap((side) => (choice[side] === undefined ? [] : [[side, change(choice[side])]])));

const withChoice = (scenario: Scenario, choice: GoChoice): Scenario =>
  Object.keys(choice).length === 0 ? scenario : { ...scenario, target: { ...scenario.target, go: choice } };

/** Paths of a scenario are relative to its folder. */
export const withGoBeside = (scenario: Scenario): Scenario =>
  withChoice(
    scenario,
    eachIn(scenario.target.go ?? {}, (text) => absolute(text, dirname(scenario.file))),
  );

const fromFlag = (side: Side, text: string): string => {
  const choice = parseGoChoice(text);
  if (choice !== undefined) {
    const found = absolute(choice, process.cwd());
    chosenGo(found, `--${side}-go: `);
    return found;
  }
  throw new UsageError(
    'GO_CHOICE',
    `--${side}-go ${text}: expected ${GO_CHOICE_EXPECTED}`,
    'Leave it out to build with the Go that you would call yourself.',
  );
};

/** What the flags choose. Throws {@link UsageError} `GO_CHOICE`, also for a path without Go. */
export const goFlagsFrom = (flags: {
  readonly baseGo?: string | undefined;
  readonly headGo?: string | undefined;
}): GoChoice => {
  const { baseGo, headGo } = flags;
  return {
    ...(baseGo !== undefined && { base: fromFlag('base', baseGo) }),
    ...(headGo !== undefined && { head: fromFlag('head', headGo) }),
  };
};

/** The flags speak for every scenario of the run. */
export const withGoFlags = (scenarios: readonly Scenario[], chosen: GoChoice): readonly Scenario[] =>
  scenarios.map((scenario) => withChoice(scenario, { ...scenario.target.go, ...chosen }));

/** Before the first scenario is measured, for all of them. Throws {@link UsageError} `GO_CHOICE` for a path without Go. */
export const requireGo = (scenarios: readonly Scenario[]): void => {
  for (const { file, target } of scenarios)
    for (const side of SIDES) chosenGo(target.go?.[side], `${file}, target.go of ${side}: `);
};

/** One tree against itself is built by one Go, and started in one way: the head's. */
export const withHeadsGo = (scenario: Scenario): Scenario => {
  const head = scenario.target.go?.head;
  const { go: _both, own, ...target } = scenario.target;
  const alike = own?.head === undefined ? target : { ...target, own: { base: own.head, head: own.head } };
  return { ...scenario, target: head === undefined ? alike : { ...alike, go: { base: head, head } } };
};
