/** Writes execution traces by hand, as the runtime of Go 1.26 does: for what no program does when it is told to. */

const EVENTS = {
  create: 14,
  start: 16,
  destroy: 17,
  stop: 19,
  block: 20,
  unblock: 21,
  enter: 22,
  leave: 23,
  lose: 24,
  status: 25,
  stopWorld: 26,
  startWorld: 27,
  assist: 35,
  assisted: 36,
  statusStack: 48,
} as const;

export type EventName = keyof typeof EVENTS;

/** Microseconds since the trace began, what, and its arguments; stacks and texts by their words. */
export type Written = readonly [micros: number, event: EventName, ...args: readonly (number | string)[]];

const number = (value: number): number[] => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
};

const text = (value: string): number[] => [...number(value.length), ...Buffer.from(value, 'latin1')];

/** One unit is a nanosecond. */
const FREQUENCY = 1e9;
const BEGIN = 1000;

class Tables {
  readonly strings = new Map<string, number>();
  readonly stacks = new Map<string, number>();

  string(value: string): number {
    const known = this.strings.get(value) ?? this.strings.size + 1;
    this.strings.set(value, known);
    return known;
  }

  /** `time.Sleep < main.lookup < net/http.(*conn).serve`: leaf first; empty for none. */
  stack(value: string): number {
    if (value === '') return 0;
    const known = this.stacks.get(value) ?? this.stacks.size + 1;
    this.stacks.set(value, known);
    for (const frame of value.split(' < ')) this.string(frame);
    this.string('service.go');
    return known;
  }
}

/** Whether an argument given in words is a text of the trace; else it is a stack. */
const isText = (event: EventName, at: number): boolean =>
  (event === 'block' || event === 'stop' || event === 'stopWorld') && at === 0;

const encode = (events: readonly Written[], tables: Tables): number[] => {
  let last = 0;
  return events.flatMap(([micros, event, ...args]) => {
    const passed = micros * 1000 - last;
    last = micros * 1000;
    const values = args.map((value, at) => {
      if (typeof value === 'number') return value;
      return isText(event, at) ? tables.string(value) : tables.stack(value);
    });
    return [EVENTS[event], ...number(passed), ...values.flatMap(number)];
  });
};

const batch = (generation: number, thread: number, data: readonly number[]): number[] => [
  1,
  ...[generation, thread, BEGIN, data.length].flatMap(number),
  ...data,
];

const stackEntry = (value: string, id: number, tables: Tables): number[] => {
  const frames = value.split(' < ');
  const file = tables.string('service.go');
  return [
    3,
    ...number(id),
    ...number(frames.length),
    ...frames.flatMap((frame, at) => [at + 1, tables.string(frame), file, at + 10].flatMap(number)),
  ];
};

/** Generations of events by thread. */
export const traceOf = (...generations: readonly Readonly<Record<number, readonly Written[]>>[]): Uint8Array =>
  Uint8Array.from([
    ...Buffer.from('go 1.26 trace\0\0\0'),
    ...generations.flatMap((threads, at) => {
      const tables = new Tables();
      const streams = Object.entries(threads).flatMap(([thread, events]) =>
        batch(at + 1, Number(thread), encode(events, tables)),
      );
      const stacks = [...tables.stacks].flatMap(([value, id]) => stackEntry(value, id, tables));
      const strings = [...tables.strings].flatMap(([value, id]) => [5, ...number(id), ...text(value)]);
      const clock = [50, 8, ...number(FREQUENCY), 51, ...[0, 0, 0, 0].flatMap(number)];
      return [
        ...streams,
        ...batch(at + 1, 0, clock),
        ...batch(at + 1, 0, [2, ...stacks]),
        ...batch(at + 1, 0, [4, ...strings]),
        52,
      ];
    }),
  ]);
