#!/usr/bin/env node
/**
 * The executable's first file: it parses on every Node that knows `import`, so that an old one gets a sentence
 * instead of a syntax error. Everything else loads behind the check.
 */
const NEEDED = [22, 18] as const;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  const [{ main }, { surviveClosedPipes }, { reportCrashes }] = await Promise.all([
    import('./main.ts'),
    import('./terminal/streams.ts'),
    import('./terminal/failure.ts'),
  ]);
  surviveClosedPipes();
  reportCrashes();
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(
    `godyno needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}.\n` +
      'Install it beside godyno:  npm i -D node@24\nThen run it again:         npx godyno …\n',
  );
  process.exitCode = 2;
}
