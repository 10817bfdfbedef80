/** Where a redirect leads, as browsers and the fetch standard follow it. */
import { TargetStartError } from '../../errors.ts';
import { type Endpoint, hostHeaderOf } from '../../model/index.ts';
import type { Exchanged, Outgoing } from './exchange.ts';

const MOST_HOPS = 10;

const FOLLOWED: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The service under any of the names it may have for itself. */
const isItself = (url: URL, endpoint: Endpoint): boolean =>
  url.host === hostHeaderOf(endpoint) ||
  (['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) && Number(url.port || 80) === endpoint.port);

/** 303 asks for a GET; after 301 and 302 a POST becomes one, too. */
const becomesGet = (status: number, { method }: Outgoing): boolean =>
  status === 303 ? method !== 'HEAD' : status <= 302 && method === 'POST';

const withoutBody = (headers: Outgoing['headers']): Outgoing['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !/^content-/i.test(name)));

/** The request to send next; null: this answer is the last one. Throws {@link TargetStartError} `PREPARE_REDIRECT`. */
export const redirected = (endpoint: Endpoint, sent: Outgoing, answer: Exchanged, hop: number): Outgoing | null => {
  const location = answer.header('location');
  if (location === undefined || !FOLLOWED.has(answer.status)) return null;
  const own = `http://${hostHeaderOf(endpoint)}`;
  const url = URL.parse(location, `${own}${sent.path}`);
  if (url === null || !isItself(url, endpoint) || hop >= MOST_HOPS) {
    throw new TargetStartError(
      'PREPARE_REDIRECT',
      hop >= MOST_HOPS
        ? `Prepare: ${MOST_HOPS} redirects in a row, the last from ${sent.path} to ${location}`
        : `Prepare: ${sent.path} redirects to ${location}, which is not the service itself`,
      'Expect the redirect (expect.status) instead of following it (followRedirects), or correct what is asked.',
    );
  }
  const path = `${url.pathname}${url.search}`;
  if (!becomesGet(answer.status, sent)) return { ...sent, path };
  return { method: 'GET', path, headers: withoutBody(sent.headers), body: undefined };
};
