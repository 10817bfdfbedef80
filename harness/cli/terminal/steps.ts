/**
 * Progress for people, on stderr: a live line per step on a terminal, plain lines in a CI log, nothing when quiet.
 */
import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Say, Step } from '../../measure/index.ts';
import { terminalText } from './plain-text.ts';
import { showProgress } from './progress.ts';

const silent: Step = (_title, work) => work(() => undefined);

const spoken: Step = async <T>(title: string, work: (say: Say) => Promise<T>): Promise<T> => {
  const result: { value?: T; error?: unknown; failed: boolean } = { failed: false };
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  const list = new Listr(
    [
      {
        title,
        task: async (_context, task) => {
          const progress = showProgress(process.stderr.isTTY ? 'live' : 'log', (line) => {
            task.output = terminalText(line);
          });
          try {
            result.value = await work(progress.say);
          } catch (error) {
            result.failed = true;
            result.error = error;
            // Whoever ends the command says it, once, as its last words.
            throw new Error('see below');
          } finally {
            progress.end();
          }
        },
        rendererOptions: { persistentOutput: false },
      },
    ],
    {
      renderer: process.stderr.isTTY ? 'default' : 'simple',
      rendererOptions: { logger } as never,
      fallbackRendererOptions: { logger } as never,
      registerSignalListeners: false,
      exitOnError: true,
    },
  );
  try {
    await list.run();
  } catch (error) {
    throw result.failed ? result.error : error;
  }
  return result.value as T;
};

export const stepsFor = (mode: 'quiet' | 'spoken'): Step => (mode === 'quiet' ? silent : spoken);
