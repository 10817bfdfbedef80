/** What `godyno doctor` says of each request that it sent: those before the load, and those of the load. */
import type { RequestSpec } from '../../model/index.ts';
import type { Rehearsal, RunProgress } from '../../run/index.ts';
import { formatDuration, formatQuantity } from '../../units/index.ts';
import { type Check, fail, ok } from './check.ts';

export type Sent = Extract<RunProgress, { kind: 'prepared' }>['sent'];

/** The request line, where the name does not say it already. */
const lineOf = ({ name, method, path }: RequestSpec): string =>
  name === `${method} ${path}` ? '' : `${method} ${path}: `;

/** The hint without the logs of a folder that is gone by the time this is read. */
export const withoutLogs = (hint: string): string => hint.replace(/ All of its output: .*$/s, '');

const listed = (values: readonly (number | string)[]): string => [...new Set(values)].join(' and ');

const amountOf = (sizes: readonly number[]): string => {
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  return least === most ? formatQuantity(most, 'B') : `${formatQuantity(least, 'B')} to ${formatQuantity(most, 'B')}`;
};

/** Names only: what a sign-in answers is nobody else's to read. */
const keptOf = ({ capture }: Sent['request'], sent: readonly Sent[]): string => {
  const captured = Object.keys(capture);
  const cookies = [...new Set(sent.flatMap((one) => one.cookies))];
  const names = [
    ...(captured.length === 0 ? [] : [`captured ${captured.join(', ')}`]),
    ...(cookies.length === 0 ? [] : [`${cookies.length === 1 ? 'cookie' : 'cookies'} ${cookies.join(', ')}`]),
  ];
  return names.length === 0 ? '' : `; ${names.join('; ')}`;
};

const answeredOf = (request: Sent['request'], sent: readonly Sent[]): string => {
  const times = sent.length === 1 ? '' : `${sent.length} times: `;
  const status = listed(sent.flatMap((one) => one.status ?? []));
  const took = formatDuration(sent.reduce((sum, { ms }) => sum + ms, 0) / 1000);
  const bytes = amountOf(sent.flatMap((one) => one.bytes ?? []));
  return `${lineOf(request)}${times}${status}, ${bytes} in ${took}${keptOf(request, sent)}`;
};

/** A line for each request of `load.prepare` that was sent, in their order. `hint`: what to do about the one that failed. */
export const preparedChecks = (name: string, sent: readonly Sent[], hint = ''): readonly Check[] =>
  [...new Set(sent.map(({ request }) => request))].map((request) => {
    const title = `${name}: prepare ${request.name}`;
    const own = sent.filter((one) => one.request === request);
    const { problem, ms } = own.find((one) => one.problem !== null) ?? { problem: null, ms: 0 };
    return problem === null
      ? ok(title, answeredOf(request, own))
      : fail(title, `${request.method} ${request.path}, ${formatDuration(ms / 1000)}: ${problem}`, withoutLogs(hint));
  });

/** Whether a request of `load.prepare` is what ended it. */
export const isOfPrepare = (sent: readonly Sent[]): boolean => (sent.at(-1)?.problem ?? null) !== null;

/** A line for each request of the load. */
export const requestChecks = (name: string, { tried, failed }: Rehearsal): readonly Check[] =>
  tried.map(({ request, isOk, status, bytes, ms }) => {
    const title = `${name}: ${request.name}`;
    const took = formatDuration(ms / 1000);
    if (isOk) return ok(title, `${lineOf(request)}${status}, ${formatQuantity(bytes ?? 0, 'B')} in ${took}`);
    const met = failed.find(({ route }) => route === request.name);
    const body = met?.body === undefined || met.body === null ? '' : `: ${met.body}`;
    const how = met?.how ?? (status === null ? 'no answer' : `status ${status}`);
    return fail(
      title,
      `${lineOf(request)}${how} after ${took}, which is not expected${body}`,
      'See the request under load.requests, its expect.status, and what load.prepare sends before it.',
    );
  });
