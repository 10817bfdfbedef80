/** Whose code a function is: the module's own, Go's, or a dependency's. */
import { type Charging, isIn, isRuntime, isStandard, packageOf } from '../../profile/index.ts';

/** Whether the function is the module's own; closures and generics of it are. */
export const isOwn = (name: string, modulePath: string | null): boolean => {
  const path = packageOf(name);
  return path === 'main' || (modulePath !== null && isIn(modulePath, path));
};

/** Goroutines are told by where they wait outside Go's library; those that live in it all along by how they began. */
export const waitingCharged = (modulePath: string | null): Charging => ({
  isCharged: (name) => isRuntime(name) || isStandard(packageOf(name), modulePath),
  lastPayer: 'root',
});

/** What the module's own functions pay for: all that is not theirs. */
export const librariesCharged = (modulePath: string | null): Charging => ({
  isCharged: (name) => !isOwn(name, modulePath),
  lastPayer: 'leaf',
});

/**
 * What its own time is the kernel's, whose hour is another than that of code: reading and writing of the demo took 5.1 to
 * 8.7 % of its CPU in five sessions within 40 minutes.
 */
const KERNEL =
  /^(?:internal\/poll|syscall|internal\/runtime\/syscall(?:\/\w+)?|runtime\/internal\/syscall|golang\.org\/x\/sys\/unix)$/;

export const isKernels = (name: string): boolean => KERNEL.test(packageOf(name));
