/** The text of `perf script` → a pprof profile: kernel's and C's frames below Go's own, with whose code ran as the label `where`. */
import type { PerfPlace } from '../model/index.ts';
import { type Profile, profileOfStacks } from '../profile/index.ts';
import { type GoProgram, placed, type PlacedFrame } from './frames.ts';
import { PerfError } from './perf-error.ts';
import { type PerfFrame, type PerfSample, samplesIn } from './script.ts';

export interface PerfRequest extends GoProgram {
  /** Samples outside of all of them do not count: from when to when, by the clock of the samples. */
  readonly spans: readonly (readonly [startNs: number, endNs: number])[];
}

export interface PerfReading {
  readonly profile: Profile;
  readonly samples: Readonly<Record<PerfPlace, number>>;
}

export const WHERE_LABEL = 'where';

const SAMPLE_TYPES = [
  { type: 'samples', unit: 'count' },
  { type: 'cpu', unit: 'nanoseconds' },
] as const;

const NOT_KNOWN: PlacedFrame = { place: 'C', function: 'C: not known', file: '' };

/** Of one stack. */
interface Met {
  readonly frames: readonly PlacedFrame[];
  samples: number;
  ns: number;
}

/** Distinct ones: each is some hundred bytes. */
const MOST_STACKS = 1 << 18;

/** Numbers for frames, so that a stack has a short key. */
class Placer {
  readonly #program: GoProgram;
  readonly #known = new Map<PerfFrame, { readonly id: number; readonly frame: PlacedFrame | null }>();
  /** Frames of the program that perf has no name for, of all of its frames. */
  nameless = 0;
  named = 0;

  constructor(program: GoProgram) {
    this.#program = program;
  }

  of(frame: PerfFrame): { readonly id: number; readonly frame: PlacedFrame | null } {
    const known = this.#known.get(frame) ?? { id: this.#known.size, frame: placed(frame, this.#program) };
    this.#known.set(frame, known);
    if (frame.object === this.#program.file) {
      if (frame.symbol === null && known.frame?.place !== 'Go') this.nameless++;
      else this.named++;
    }
    return known;
  }
}

/** Where C has used the frame pointer for something else, callers are no code of anything: they say nothing. */
const framesOf = (found: readonly { readonly frame: PlacedFrame | null }[]): readonly PlacedFrame[] => {
  const frames = found.flatMap(({ frame }) => frame ?? []);
  return found[0]?.frame === null ? [NOT_KNOWN, ...frames] : frames;
};

const isWithin = ({ atNs }: PerfSample, spans: PerfRequest['spans']): boolean =>
  spans.some(([start, end]) => atNs >= start && atNs < end);

const stacksIn = (text: string, request: PerfRequest): readonly Met[] => {
  const placer = new Placer(request);
  const stacks = new Map<string, Met>();
  for (const sample of samplesIn(text)) {
    if (sample.frames.length === 0 || !isWithin(sample, request.spans)) continue;
    const found = sample.frames.map((frame) => placer.of(frame));
    const key = found.map(({ id }) => id).join(' ');
    const met = stacks.get(key) ?? { frames: framesOf(found), samples: 0, ns: 0 };
    met.samples++;
    met.ns += sample.periodNs;
    stacks.set(key, met);
    if (stacks.size > MOST_STACKS) throw new PerfError(`it has more than ${MOST_STACKS} different stacks`);
  }
  if (stacks.size === 0)
    throw new PerfError('it has no sample of the requests', 'Did the service run, and perf with it?');
  if (placer.nameless > placer.named)
    throw new PerfError(
      'the functions of the service have no names in it',
      'Is the service linked with -s? Leave that out of buildFlags, and of GOFLAGS.',
    );
  return [...stacks.values()];
};

/** Throws {@link PerfError}. */
export const perfProfile = (text: string, request: PerfRequest): PerfReading => {
  const stacks = stacksIn(text, request);
  const samples = { Go: 0, C: 0, kernel: 0 };
  const rows = stacks.map(({ frames, samples: count, ns }) => {
    const place = frames[0]?.place ?? 'C';
    samples[place] += count;
    return {
      frames: frames.map((frame) => ({ function: frame.function, file: frame.file, line: 0 })),
      values: [count, ns],
      label: place,
    };
  });
  const all = stacks.reduce((sum, each) => sum + each.samples, 0);
  const period = BigInt(Math.round(stacks.reduce((sum, { ns }) => sum + ns, 0) / all));
  const comments = [
    'sampled by Linux perf (cpu-clock): inlined functions are part of those that they were inlined into',
  ];
  const head = { name: 'perf', sampleTypes: SAMPLE_TYPES, period, comments, label: WHERE_LABEL };
  return { profile: profileOfStacks(head, rows), samples };
};
