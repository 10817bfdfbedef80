/**
 * What kind of work a function does, told by its name. The verdict is about `user`, `runtime` and `allocator` work: it
 * repeats from launch to launch. Collection comes in whole cycles and scheduling follows the wall clock, so they are
 * counted apart (reference: exact-mode, what makes the noise).
 */
import type { WorkGroup } from '../model/index.ts';

const starts = (prefix: string, words: string): RegExp =>
  new RegExp(
    `^${prefix}(?:${words
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/[.*()]/g, String.raw`\$&`))
      .join('|')})`,
  );

/** Stack growth belongs here: it happens where collections left the stacks small. */
const COLLECTOR: readonly RegExp[] = [
  starts(
    String.raw`runtime\.`,
    `gc (*gc scan grey mark sweep bgsweep bgscav (*sweep (*scav scav wb (*wb drain spanOf findObject typePointers
     (*workbuf getempty putempty putfull trygetfull handoff (*lfstack (*stackScan adjust shade deduct (*limiterEvent
     (*mspan).sweep (*mspan).report (*mspan).count (*mspan).typePointers (*mspan).heapBits (*mheap).reclaim
     (*mheap).freeSpan (*mheap).nextSpan tryDefer startGC finishGC bulkBarrier (*spanInline (*spanSPMC (*spanQueue
     spanSet (*spanSet (*markBits (*unwinder pcvalue readvarint step funcMaxSPDelta funcspdelta (*stkframe findfunc
     stackmap pcdata getStackMap copystack newstack shrinkstack stackalloc stackfree stackcache stackpool
     (*moduledata).textAddr sysmon (*mcache).prepareForSweep`,
  ),
  /^internal\/runtime\/gc/,
];

const ALLOCATOR: readonly RegExp[] = [
  starts(
    String.raw`runtime\.`,
    `malloc (*mcache (*mcentral (*mheap newobject makeslice growslice memclr nextFree (*mspan heap publication roundup
     rawbyte rawstring mergeSummaries profilealloc allocNeedsZero (*pageAlloc (*pageCache (*pallocData (*pallocBits (*fixalloc
     (*pageBits divRound getMCache postMalloc (*heapStat (*sysMem (*consistent`,
  ),
];

const SCHEDULER: readonly RegExp[] = [
  starts(
    String.raw`runtime\.`,
    `schedule findRunnable findrunnable netpoll retake futex usleep osyield procyield incidlelocked
     setBlockOnExitSyscall casfrom castog casgstatus newproc mcall park gopark goready ready execute runq globrunq note
     lock unlock mLock steal check (*timer timer entersyscall exitsyscall reentersyscall nanotime walltime time_now
     wakep startm stopm startlockedm mPark pidle pMask handoffp acquirep releasep wirep gosched goyield preempt
     resetspinning injectglist wakeNet epoll (*timeHistogram gogo goexit gfget gfput systemstack asmcgocall mput mget
     dropg (*random releasem acquirem canpreempt tgkill sig sema (*sema (*pollDesc (*pollCache chansend chanrecv
     selectgo send recv (*waitq (*mutex timeSleep clock vdso write1 read mstart clone (*traceLocker trace
     (*puintptr (*guintptr (*gQueue (*gList (*pMask coro updateTimer ticks setEvent (*sysmon limiterEvent nobarrier
     isSystem newwakeupNote saveBlockEvent blockev mProf acquireSudog releaseSudog gcstopm forEachP stopTheWorld
     startTheWorld stwF incidle cgo (*m). minit mcommoninit malg allocm newm needm unminit`,
  ),
  /^runtime\.save$/,
  /^internal\/(?:poll|runtime\/(?:syscall|atomic))(?:\/|\.)/,
  /^syscall\./,
];

const RUNTIME = /^(?:runtime|internal\/runtime\/[^.]*)\./;

/** Assembly that has no package in its name. */
const SWITCHES: ReadonlySet<string> = new Set(['gogo', 'gosave_systemstack_switch']);

const isOne = (name: string, patterns: readonly RegExp[]): boolean => patterns.some((pattern) => pattern.test(name));

/** By the function that was compiled, not by what was inlined into it. */
export const groupOf = (name: string): WorkGroup => {
  if (SWITCHES.has(name)) return 'scheduler';
  if (/^\w+$/.test(name)) return 'runtime'; // other assembly of the runtime: memeqbody, aeshashbody, …
  if (!/^(?:runtime|internal|syscall)/.test(name)) return 'user';
  if (isOne(name, COLLECTOR)) return 'gc';
  if (isOne(name, ALLOCATOR)) return 'allocator';
  if (isOne(name, SCHEDULER)) return 'scheduler';
  return RUNTIME.test(name) ? 'runtime' : 'user';
};
