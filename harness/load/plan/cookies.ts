/**
 * Cookies of one client of one service (RFC 6265), so that it stays signed in.
 *
 * Domain, Secure and SameSite decide to whom a cookie may go; here there is one service, on this machine, and what it
 * sets goes back to it. Path and lifetime count.
 */

/** Bytes of a header, which parsers give as Latin-1, as the UTF-8 they mostly are. */
export const headerText = (latin1: string): string => {
  const bytes = Buffer.from(latin1, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : latin1;
};

export interface Cookie {
  readonly name: string;
  /** As it was set, quotes included. */
  readonly value: string;
  readonly path: string;
  /** Wall clock in milliseconds; null: as long as the client. */
  readonly expiresMs: number | null;
}

/** RFC 6265 §5.1.4: up to the last slash of the request's path. */
const defaultPath = (requestPath: string): string => {
  const path = requestPath.split('?', 1)[0] ?? '';
  const slash = path.lastIndexOf('/');
  return slash > 0 ? path.slice(0, slash) : '/';
};

const matches = (path: string, cookiePath: string): boolean =>
  path === cookiePath ||
  (path.startsWith(cookiePath) &&
    (cookiePath.endsWith('/') || path[cookiePath.length] === '/' || path[cookiePath.length] === '?'));

/** Max-Age wins over Expires; a date that cannot be read is none. */
const expiryOf = (attributes: ReadonlyMap<string, string>, nowMs: number): number | null => {
  const age = attributes.get('max-age');
  if (age !== undefined && /^-?\d+$/.test(age)) return Number(age) <= 0 ? 0 : nowMs + Number(age) * 1000;
  const date = Date.parse(
    (attributes.get('expires') ?? '').replaceAll(/(?<=\d)-(?=[A-Za-z])|(?<=[A-Za-z])-(?=\d)/g, ' '),
  );
  return Number.isNaN(date) ? null : date;
};

/** A `Set-Cookie` value; null when it names nothing. */
export const parseSetCookie = (text: string, requestPath: string, nowMs: number): Cookie | null => {
  const [pair = '', ...rest] = text.split(';');
  const equals = pair.indexOf('=');
  const name = pair.slice(0, equals).trim();
  if (equals < 0 || name === '') return null;
  const attributes = new Map(
    rest.map((attribute): [string, string] => {
      const [key = '', ...value] = attribute.split('=');
      return [key.trim().toLowerCase(), value.join('=').trim()];
    }),
  );
  const path = attributes.get('path') ?? '';
  return {
    name,
    value: pair.slice(equals + 1).trim(),
    path: path.startsWith('/') ? path : defaultPath(requestPath),
    expiresMs: expiryOf(attributes, nowMs),
  };
};

/** Longer paths first; among equals those that were there before (RFC 6265 §5.4). Mutable: it follows the answers. */
export class CookieJar {
  #cookies: readonly Cookie[];
  #firstExpiryMs = Number.POSITIVE_INFINITY;
  /** Goes up whenever requests get other cookies than before. */
  version = 0;

  constructor(cookies: readonly Cookie[] = []) {
    this.#cookies = cookies;
    this.#findFirstExpiry();
  }

  /** `set`: the `Set-Cookie` values of an answer to `requestPath`. */
  store(set: readonly string[], requestPath: string, nowMs: number): void {
    for (const text of set) {
      const cookie = parseSetCookie(headerText(text), requestPath, nowMs);
      if (cookie !== null) this.#put(cookie, nowMs);
    }
  }

  #put(cookie: Cookie, nowMs: number): void {
    const at = this.#cookies.findIndex(({ name, path }) => name === cookie.name && path === cookie.path);
    const isOver = cookie.expiresMs !== null && cookie.expiresMs <= nowMs;
    if (at < 0 && isOver) return;
    // Services repeat a cookie with each answer to prolong it.
    if (isOver || this.#cookies[at]?.value !== cookie.value) this.version++;
    if (isOver) this.#cookies = this.#cookies.toSpliced(at, 1);
    else if (at >= 0) this.#cookies = this.#cookies.with(at, cookie);
    else this.#cookies = [...this.#cookies, cookie].toSorted((one, other) => other.path.length - one.path.length);
    this.#findFirstExpiry();
  }

  #findFirstExpiry(): void {
    this.#firstExpiryMs = Math.min(...this.#cookies.map(({ expiresMs }) => expiresMs ?? Number.POSITIVE_INFINITY));
  }

  /** Drops what is over. */
  expire(nowMs: number): void {
    if (nowMs < this.#firstExpiryMs) return;
    this.#cookies = this.#cookies.filter(({ expiresMs }) => expiresMs === null || expiresMs > nowMs);
    this.version++;
    this.#findFirstExpiry();
  }

  /** The value of the `Cookie` header; '' when no cookie is for this path. */
  headerFor(path: string, nowMs: number): string {
    this.expire(nowMs);
    let text = '';
    for (const { name, value, path: cookiePath } of this.#cookies) {
      if (matches(path, cookiePath)) text += `${text === '' ? '' : '; '}${name}=${value}`;
    }
    return text;
  }

  all(): readonly Cookie[] {
    return this.#cookies;
  }
}
