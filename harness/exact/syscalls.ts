/** Names of the system calls worth naming, by number; the others are told by their number. */

/** From the kernel's unistd tables: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h. */
const AMD64 = `0 read 1 write 2 open 3 close 4 stat 5 fstat 6 lstat 8 lseek 9 mmap 10 mprotect 11 munmap 13 rt_sigaction
  14 rt_sigprocmask 15 rt_sigreturn 17 pread64 18 pwrite64 19 readv 20 writev 24 sched_yield 28 madvise 35 nanosleep
  39 getpid 40 sendfile 41 socket 42 connect 43 accept 44 sendto 45 recvfrom 46 sendmsg 47 recvmsg 48 shutdown 49 bind
  50 listen 51 getsockname 52 getpeername 54 setsockopt 55 getsockopt 56 clone 59 execve 60 exit 61 wait4 62 kill
  72 fcntl 73 flock 74 fsync 75 fdatasync 76 truncate 77 ftruncate 82 rename 83 mkdir 87 unlink 96 gettimeofday
  110 getppid 131 sigaltstack 186 gettid 202 futex 217 getdents64 228 clock_gettime 232 epoll_wait 233 epoll_ctl
  234 tgkill 257 openat 262 newfstatat 263 unlinkat 264 renameat 281 epoll_pwait 288 accept4 290 eventfd2 291 epoll_create1
  293 pipe2 295 preadv 296 pwritev 299 recvmmsg 307 sendmmsg 316 renameat2 318 getrandom 326 copy_file_range 435 clone3
  439 faccessat2 441 epoll_pwait2`;

const ARM64 = `20 epoll_create1 21 epoll_ctl 22 epoll_pwait 25 fcntl 32 flock 34 mkdirat 35 unlinkat 38 renameat
  45 truncate 46 ftruncate 56 openat 57 close 59 pipe2 61 getdents64 62 lseek 63 read 64 write 65 readv 66 writev
  67 pread64 68 pwrite64 69 preadv 70 pwritev 71 sendfile 79 newfstatat 80 fstat 82 fsync 83 fdatasync 93 exit 98 futex
  101 nanosleep 113 clock_gettime 124 sched_yield 129 kill 131 tgkill 132 sigaltstack 134 rt_sigaction 135 rt_sigprocmask
  139 rt_sigreturn 169 gettimeofday 172 getpid 173 getppid 178 gettid 198 socket 200 bind 201 listen 202 accept
  203 connect 204 getsockname 205 getpeername 206 sendto 207 recvfrom 208 setsockopt 209 getsockopt 210 shutdown
  211 sendmsg 212 recvmsg 215 munmap 220 clone 221 execve 222 mmap 226 mprotect 233 madvise 242 accept4 243 recvmmsg
  260 wait4 269 sendmmsg 276 renameat2 278 getrandom 285 copy_file_range 435 clone3 439 faccessat2 441 epoll_pwait2`;

const parse = (table: string): ReadonlyMap<number, string> => {
  const words = table.trim().split(/\s+/);
  return new Map(
    words.flatMap((word, i): readonly (readonly [number, string])[] =>
      i % 2 === 0 ? [[Number(word), words[i + 1] ?? '']] : [],
    ),
  );
};

const TABLES: Readonly<Record<string, ReadonlyMap<number, string>>> = { x64: parse(AMD64), arm64: parse(ARM64) };

/** `arch` as Node names it; an unnamed call is `#` and its number. */
export const syscallName = (number: number, arch: string): string => TABLES[arch]?.get(number) ?? `#${number}`;
