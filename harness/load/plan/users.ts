/** Users inside the loader: what each has of its own, changed by answers where the scenario asks for it. */
import { CookieJar } from './cookies.ts';
import type { LoadPlan, LoadTarget } from './messages.ts';

export interface User {
  readonly number: number;
  /** Captured values. */
  readonly values: Record<string, string>;
  readonly jar: CookieJar;
}

/** At least one. */
export const usersOf = ({ users = [] }: LoadTarget): readonly User[] =>
  (users.length > 0 ? users : [{ values: {}, cookies: [] }]).map(({ values, cookies }, number) => ({
    number,
    values: { ...values },
    jar: new CookieJar(cookies),
  }));

/** Users take turns, the same on both sides. */
export const userOf = (users: readonly User[], number: number): User => users[number % users.length] as User;

/** Whether answers under load change the users' cookies. */
export const keepsCookies = ({ cookies }: LoadPlan, users: readonly User[]): boolean =>
  cookies === 'all' || (cookies === undefined && users.some(({ jar }) => jar.all().length > 0));
