import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { AnswerBook } from '../../harness/load/answers/answer-book.ts';
import { openSession } from '../../harness/load/traffic/session.ts';
import { connectsHeadFirst, createSchedule } from '../../harness/load/plan/schedule.ts';
import { bothSides, type Side } from '../../harness/model/index.ts';
import { plan, request, startBothServices, targetOf } from './service.ts';

const services = await startBothServices();
const targets = bothSides((side) => targetOf(services[side]));
const sideOf = (port: number | undefined): Side | undefined =>
  port === services.base.port ? 'base' : port === services.head.port ? 'head' : undefined;

afterEach(() => void vi.restoreAllMocks());

/** `head 7`: a write of request 7 to the head's socket. */
const watchWrites = (): readonly string[] => {
  const writes: string[] = [];
  const write = Reflect.get(Socket.prototype, 'write') as (this: Socket, ...args: unknown[]) => boolean;
  vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...args: unknown[]) {
    const side = sideOf(this.remotePort);
    if (side !== undefined) writes.push(`${side} ${/n=(\d+)/.exec(String(args[0]))?.[1]}`);
    return Reflect.apply(write, this, args);
  });
  return writes;
};

test('both requests of a couple are written back to back, in the order the schedule draws, before the next couple', async () => {
  const given = plan([request('/ok?n=${n}')]);
  const session = await openSession(targets, given, new AnswerBook());
  const writes = watchWrites();
  await session.couples({ first: 0, count: 200, inFlight: 1 });
  session.close();
  const { headFirst } = createSchedule({ seed: given.seed, weights: [1], rows: 0 });
  const expected = Array.from({ length: 200 }, (_, n) =>
    headFirst(n) ? [`head ${n}`, `base ${n}`] : [`base ${n}`, `head ${n}`],
  );
  expect(writes).toEqual(expected.flat());
});

test('slots of the latency phase are written in the order the schedule draws', async () => {
  // As many connections as slots, so that a stall of the machine cannot make one wait for another.
  const given = plan([request('/ok?n=${n}')], { connections: 40 });
  const session = await openSession(targets, given, new AnswerBook());
  const writes = watchWrites();
  await session.latency({ first: 0, seconds: 0.2, ratePerSecond: 200 });
  session.close();
  const { headFirst } = createSchedule({ seed: given.seed, weights: [1], rows: 0 });
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  expect(writes).toEqual(
    numbers.flatMap((n) => (headFirst(n) ? [`head ${n}`, `base ${n}`] : [`base ${n}`, `head ${n}`])),
  );
});

test('the side that is connected first is the one drawn for the launch', async () => {
  const connect = vi.spyOn(Socket.prototype, 'connect');
  for (let launch = 0; launch < 8; launch++) {
    connect.mockClear();
    const session = await openSession(targets, plan([request('/ok')], { launch }), new AnswerBook());
    session.close();
    const ports = connect.mock.calls.map(([options]) => (options as unknown as [{ port: number }])[0].port);
    const first: Side = connectsHeadFirst(11, launch) ? 'head' : 'base';
    const second: Side = first === 'head' ? 'base' : 'head';
    expect(ports.map(sideOf)).toEqual([first, first, second, second]);
  }
});
