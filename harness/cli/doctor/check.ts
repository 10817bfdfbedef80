/** One line of `godyno doctor`. */
export interface Check {
  readonly name: string;
  /** `note`: not there and not needed; `warn`: it works with less; `fail`: no run is possible. */
  readonly state: 'ok' | 'note' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; empty when nothing. */
  readonly advice: string;
}

export const ok = (name: string, found: string): Check => ({ name, state: 'ok', found, advice: '' });
export const note = (name: string, found: string, advice = ''): Check => ({ name, state: 'note', found, advice });
export const warn = (name: string, found: string, advice: string): Check => ({ name, state: 'warn', found, advice });
export const fail = (name: string, found: string, advice: string): Check => ({ name, state: 'fail', found, advice });
