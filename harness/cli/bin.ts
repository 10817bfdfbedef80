#!/usr/bin/env node
/**
 * The executable's first file: it parses on every Node that knows `import`, so that an old one gets a sentence
 * instead of a syntax error. Everything else loads behind the check.
 */
import { setFlagsFromString } from 'node:v8';

const NEEDED = [22, 18] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  // The space for young objects stays as small as it begins (two times 1 MB). V8 would let it grow to 32 MB, which a
  // harness has no use for: reading the demo's profiles took 140 MB instead of 175, and no more time.
  setFlagsFromString('--semi-space-growth-factor=1');
  const loaded = await Promise.all([
    import('./main.ts'),
    import('./terminal/streams.ts'),
    import('./terminal/failure.ts'),
  ]).catch((error: unknown) => {
    // Thrown on, it would end Node with 1, which is "regressed".
    process.stderr.write(
      `A part of godyno cannot be loaded: ${String(error)}\nInstall it again: npm ci, or npm i -D godyno\n`,
    );
    process.exitCode = 2;
  });
  if (loaded !== undefined) {
    const [{ main }, { surviveClosedPipes }, { reportCrashes }] = loaded;
    surviveClosedPipes();
    reportCrashes();
    process.exitCode = await main(process.argv.slice(2));
  }
} else {
  process.stderr.write(
    `godyno needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}.\n` +
      'Install it beside godyno:  npm i -D node@24\nThen run it again:         npx godyno …\n',
  );
  process.exitCode = 2;
}
