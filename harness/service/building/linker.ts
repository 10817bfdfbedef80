/**
 * One side's binaries, one after the other, each by another seed: the first is a whole `go build`, the others are made by
 * the linker alone, as far as that is possible. Where it is not, `go build` makes them, too: it costs time, never the run.
 */
import { rm } from 'node:fs/promises';
import {
  type Binary,
  BUILD_TIMEOUT_SECONDS,
  callGoBuild,
  type GoBuildRequest,
  type Linkable,
  type LinkRequest,
  requireBuilt,
  takeOrMake,
} from './link.ts';
import { linkerCalled, type LinkStep, makeRecorder, recordedStep, takeLinkStep, whyOnlyByGo } from './link-step.ts';
import type { PreparedBuild } from './prepare.ts';

export interface Linker<B extends Linkable = PreparedBuild> {
  /**
   * As `linkBinary`: the binary that `go build` makes, whose size and settings are told. `onLinking` is called when all is
   * compiled, where that can be seen.
   */
  readonly first: (request: Seeded, signal: AbortSignal, onLinking?: () => void) => Promise<Binary<B>>;
  /** The same without debug information. */
  readonly further: (request: Seeded, signal: AbortSignal) => Promise<Binary<B>>;
  /** What the first `go build` called its linker with; null where it was not seen, as of a binary from the cache. */
  readonly recorded: () => LinkStep | null;
}

type Seeded = Omit<LinkRequest, 'contents'>;

export const linkerOf = <B extends Linkable>(build: B): Linker<B> => new RecordingLinker(build);

/** null for whatever fails, but not when the run ends: `go build` does without it, or says what is wrong. */
const orNull = async <T>(attempt: Promise<T | null>, signal: AbortSignal): Promise<T | null> =>
  attempt.catch((cause: unknown) => {
    if (signal.aborted) throw cause;
    return null;
  });

class RecordingLinker<B extends Linkable> implements Linker<B> {
  readonly #build: B;
  /** `unknown`: no build of ours has got as far as its linker. */
  #step: LinkStep | 'unknown' | 'none';

  constructor(build: B) {
    this.#build = build;
    this.#step = build.compiled ?? (whyOnlyByGo(build.flags, build.facts) === null ? 'unknown' : 'none');
  }

  readonly first = async (request: Seeded, signal: AbortSignal, onLinking?: () => void): Promise<Binary<B>> =>
    this.#link(request, signal, onLinking);

  readonly further = async (request: Seeded, signal: AbortSignal): Promise<Binary<B>> =>
    this.#link({ ...request, contents: 'no debug information' }, signal);

  readonly recorded = (): LinkStep | null => (typeof this.#step === 'string' ? null : this.#step);

  async #link(asked: LinkRequest, signal: AbortSignal, onLinking: () => void = () => undefined): Promise<Binary<B>> {
    return takeOrMake(this.#build, asked, async (output) => {
      const request = { ...asked, output };
      if (await this.#byLinkerAlone(request, signal)) return 'linker alone';
      if (await this.#recorded(request, signal, onLinking)) return 'go build';
      requireBuilt(this.#build, await callGoBuild(this.#build, request, signal));
      return 'go build';
    });
  }

  async #byLinkerAlone(asked: GoBuildRequest, signal: AbortSignal): Promise<boolean> {
    const { linkSeed, output, cpus, contents = 'whole' } = asked;
    const step = this.#step;
    if (contents === 'whole' || linkSeed === null || typeof step === 'string') return false;
    const request = { linkSeed, output, cpus, contents, timeoutSeconds: BUILD_TIMEOUT_SECONDS };
    if ((await orNull(takeLinkStep(step, request, signal), signal)) === true) return true;
    this.#step = 'none';
    await rm(output, { force: true });
    return false;
  }

  /** False when nothing is to be recorded, and for a build that fails: what it says is asked of one without a recorder. */
  async #recorded(request: GoBuildRequest, signal: AbortSignal, onLinking: () => void): Promise<boolean> {
    const { linkSeed } = request;
    if (linkSeed === null || this.#step !== 'unknown') return false;
    this.#step = 'none';
    const recorder = await orNull(makeRecorder(this.#build.binFolder), signal);
    if (recorder === null) return false;
    const ended = new AbortController();
    // Rejects when the build ends before.
    linkerCalled(recorder, ended.signal).then(onLinking, () => undefined);
    const building = callGoBuild(this.#build, { ...request, flags: [recorder.flag] }, signal);
    const result = await building.finally(() => ended.abort());
    if (result.timedOut) requireBuilt(this.#build, result);
    if (result.exitCode !== 0) return false;
    this.#step = (await orNull(recordedStep(recorder, linkSeed), signal)) ?? 'none';
    return true;
  }
}
