/*
 * Counts what a program executes under qemu-user: translated blocks per guest thread, system calls by number, and where
 * indirect calls went. (A direct call needs no counter: its block always ends with it, and its bytes say where it goes.)
 *
 * The counters live in a file that is mapped shared, so that a reader needs no cooperation of the program: it reads the
 * file before and after a stretch of work and subtracts. Every guest thread adds to a row of its own, so no counter is
 * ever written by two threads. Blocks are recorded with the length of each instruction, because qemu's idea of where a
 * block ends is not always what it executes (see counts-between.ts).
 *
 * Distributions ship qemu's plugin interface without its header: the few declarations needed are written out here. They
 * have been the same in every plugin API so far; only the version number differs and is given by -DPLUGIN_API=n.
 *
 * Arguments: path=FILE[,blocks=N][,threads=N][,edges=N]. The file's layout is described once more in counts-file.ts.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef PLUGIN_API
#error "give the API version of this qemu: -DPLUGIN_API=n"
#endif

#define EXPORTED __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*vcpu_cb)(qemu_plugin_id_t, unsigned);
typedef void (*translate_cb)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*execute_cb)(unsigned, void *);
typedef void (*syscall_cb)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                           uint64_t, uint64_t, uint64_t);

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t, vcpu_cb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translate_cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, execute_cb, enum qemu_plugin_cb_flags, void *);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, syscall_cb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
/* Emulating a user's program, the guest's memory is ours: the instruction can be read there. */
const uint8_t *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *);
/* Since qemu 6.2 and 7.0; without it a position-independent program cannot be resolved to functions. */
uint64_t qemu_plugin_start_code(void) __attribute__((weak));

EXPORTED int qemu_plugin_version = PLUGIN_API;

#define MAGIC UINT64_C(0x32544e434f4e5947) /* "GYNOCNT2" */
#define SYSCALLS 512                       /* numbers above share the last counter */
#define HEAD_BYTES 4096
#define AVERAGE_INSTRUCTIONS 12

enum { FULL_BLOCKS = 1, FULL_LENGTHS = 2, FULL_THREADS = 4 };

struct head {
  uint64_t magic, block_capacity, length_capacity, thread_capacity;
  uint64_t blocks, lengths, threads, full, start_code;
  uint64_t edge_capacity; /* of each thread, a power of two */
  uint64_t lost_calls;    /* indirect ones that found no place */
};

struct block {
  uint64_t address;
  uint32_t instructions, first_length;
};

/* An indirect call from the block `from` - 1 that went to the block `to` - 1; all zero is empty. */
struct edge {
  uint32_t from, to;
  uint64_t calls;
};

/* One guest thread's: on a cache line of its own. */
struct caller {
  uint64_t pending; /* number + 1 of the block that has just ended in an indirect call or jump */
  uint64_t edges;
  uint64_t pad[6];
};

static struct head *head;
static uint64_t *syscalls;
static struct block *blocks;
static uint8_t *lengths;
static uint64_t *rows;
static struct edge *edges;
static struct caller *callers;
static int is_arm;

/* Open addressing, at most half full; 0 is empty, else the block's number + 1. */
static uint32_t *table;
static uint64_t table_mask;
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static void mark_full(uint64_t what) { __atomic_fetch_or(&head->full, what, __ATOMIC_RELAXED); }

static unsigned row_of(unsigned vcpu) {
  if (vcpu < head->thread_capacity) return vcpu;
  mark_full(FULL_THREADS);
  return (unsigned)head->thread_capacity - 1;
}

/* Open addressing, at most three quarters full. */
static void count_edge(unsigned row, uint32_t from, uint32_t to) {
  uint64_t capacity = head->edge_capacity;
  struct edge *own = edges + row * capacity;
  uint64_t at = (from * UINT64_C(0x9E3779B97F4A7C15) ^ to * UINT64_C(0xD1B54A32D192ED03)) >> 32;
  for (;; at++) {
    struct edge *edge = &own[at & (capacity - 1)];
    if (edge->from == from && edge->to == to) {
      edge->calls++;
      return;
    }
    if (edge->from != 0) continue;
    if (4 * callers[row].edges >= 3 * capacity) {
      __atomic_fetch_add(&head->lost_calls, 1, __ATOMIC_RELAXED);
      return;
    }
    callers[row].edges++;
    *edge = (struct edge){from, to, 1};
    return;
  }
}

static void on_execute(unsigned vcpu, void *block) {
  unsigned row = row_of(vcpu);
  rows[(uint64_t)row * head->block_capacity + (uintptr_t)block]++;
  struct caller *caller = &callers[row];
  if (__builtin_expect(caller->pending != 0, 0)) {
    count_edge(row, (uint32_t)caller->pending, (uint32_t)(uintptr_t)block + 1);
    caller->pending = 0;
  }
}

static void on_execute_calling(unsigned vcpu, void *block) {
  on_execute(vcpu, block);
  callers[row_of(vcpu)].pending = (uintptr_t)block + 1;
}

/*
 * CALL through a register or memory (FF /2, behind prefixes), JMP through a register (FF /4: reflection and wrappers end in
 * one, tables of a switch have memory); BLR, BR.
 */
static int calls_indirectly(const struct qemu_plugin_insn *insn) {
  const uint8_t *code = qemu_plugin_insn_haddr(insn);
  size_t size = qemu_plugin_insn_size(insn);
  if (code == NULL) return 0;
  if (is_arm) {
    uint32_t word;
    if (size != sizeof word) return 0;
    memcpy(&word, code, sizeof word);
    return (word & 0xffdffc1f) == 0xd61f0000;
  }
  size_t at = 0;
  while (at + 2 < size && ((code[at] & 0xf0) == 0x40 || code[at] == 0x3e || code[at] == 0x66 || code[at] == 0xf2)) at++;
  if (at + 1 >= size || code[at] != 0xff) return 0;
  return ((code[at + 1] >> 3) & 7) == 2 || (code[at + 1] & 0xf8) == 0xe0;
}

static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a, uint64_t b, uint64_t c,
                       uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  (void)id, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  uint64_t slot = number >= 0 && number < SYSCALLS ? (uint64_t)number : SYSCALLS - 1;
  syscalls[(uint64_t)row_of(vcpu) * SYSCALLS + slot]++;
}

static void on_thread(qemu_plugin_id_t id, unsigned vcpu) {
  (void)id;
  uint64_t seen = __atomic_load_n(&head->threads, __ATOMIC_RELAXED);
  while (seen <= vcpu && !__atomic_compare_exchange_n(&head->threads, &seen, (uint64_t)vcpu + 1, 0, __ATOMIC_RELAXED,
                                                      __ATOMIC_RELAXED)) {
  }
}

static int has_lengths(const struct block *known, const uint8_t *wanted) {
  return memcmp(lengths + known->first_length, wanted, known->instructions) == 0;
}

/* The same address is translated again after a cache flush: it stays one block while its instructions are the same. */
static int64_t number_of(uint64_t address, uint32_t count, const uint8_t *wanted) {
  uint64_t at = (address * UINT64_C(0x9E3779B97F4A7C15) ^ count * UINT64_C(0xD1B54A32D192ED03)) >> 20;
  for (;; at++) {
    uint32_t entry = table[at & table_mask];
    if (entry == 0) break;
    const struct block *known = &blocks[entry - 1];
    if (known->address == address && known->instructions == count && has_lengths(known, wanted)) return entry - 1;
  }
  if (head->blocks >= head->block_capacity) return mark_full(FULL_BLOCKS), -1;
  if (head->lengths + count > head->length_capacity) return mark_full(FULL_LENGTHS), -1;
  uint64_t number = head->blocks;
  memcpy(lengths + head->lengths, wanted, count);
  blocks[number] = (struct block){address, count, (uint32_t)head->lengths};
  head->lengths += count;
  table[at & table_mask] = (uint32_t)number + 1;
  /* A reader that sees the number sees the block. */
  __atomic_store_n(&head->blocks, number + 1, __ATOMIC_RELEASE);
  return (int64_t)number;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
  size_t count = qemu_plugin_tb_n_insns(tb);
  uint8_t wanted[4096];
  if (count > sizeof wanted) count = sizeof wanted; /* qemu ends a block at 512 */
  for (size_t i = 0; i < count; i++) wanted[i] = (uint8_t)qemu_plugin_insn_size(qemu_plugin_tb_get_insn(tb, i));
  pthread_mutex_lock(&table_lock);
  /* Not earlier: qemu answers only once the program is loaded. */
  if (head->start_code == 0 && qemu_plugin_start_code) head->start_code = qemu_plugin_start_code();
  int64_t number = number_of(qemu_plugin_tb_vaddr(tb), (uint32_t)count, wanted);
  pthread_mutex_unlock(&table_lock);
  if (number < 0) return;
  int calls = count > 0 && calls_indirectly(qemu_plugin_tb_get_insn(tb, count - 1));
  qemu_plugin_register_vcpu_tb_exec_cb(tb, calls ? on_execute_calling : on_execute, QEMU_PLUGIN_CB_NO_REGS,
                                       (void *)(uintptr_t)number);
}

static uint64_t up_to_page(uint64_t bytes) { return (bytes + 4095) & ~UINT64_C(4095); }

static int map_file(const char *path, uint64_t block_capacity, uint64_t thread_capacity, uint64_t edge_capacity) {
  uint64_t length_capacity = block_capacity * AVERAGE_INSTRUCTIONS;
  uint64_t syscalls_at = HEAD_BYTES;
  uint64_t blocks_at = syscalls_at + up_to_page(thread_capacity * SYSCALLS * sizeof(uint64_t));
  uint64_t lengths_at = blocks_at + up_to_page(block_capacity * sizeof(struct block));
  uint64_t rows_at = lengths_at + up_to_page(length_capacity);
  uint64_t edges_at = rows_at + up_to_page(thread_capacity * block_capacity * sizeof(uint64_t));
  uint64_t bytes = edges_at + thread_capacity * edge_capacity * sizeof(struct edge);
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, (off_t)bytes) != 0) return perror(path), -1;
  char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (start == MAP_FAILED) return perror(path), -1;
  head = (struct head *)start;
  syscalls = (uint64_t *)(start + syscalls_at);
  blocks = (struct block *)(start + blocks_at);
  lengths = (uint8_t *)(start + lengths_at);
  rows = (uint64_t *)(start + rows_at);
  edges = (struct edge *)(start + edges_at);
  head->block_capacity = block_capacity;
  head->length_capacity = length_capacity;
  head->thread_capacity = thread_capacity;
  head->edge_capacity = edge_capacity;
  head->magic = MAGIC;
  return 0;
}

static int make_table(uint64_t block_capacity) {
  uint64_t size = 2;
  while (size < 2 * block_capacity) size *= 2;
  table = calloc(size, sizeof *table);
  table_mask = size - 1;
  return table == NULL ? -1 : 0;
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int count, char **arguments) {
  const char *path = NULL;
  uint64_t block_capacity = UINT64_C(1) << 19, thread_capacity = 64, edge_capacity = UINT64_C(1) << 15;
  for (int i = 0; i < count; i++) {
    if (strncmp(arguments[i], "path=", 5) == 0) path = arguments[i] + 5;
    if (strncmp(arguments[i], "blocks=", 7) == 0) block_capacity = strtoull(arguments[i] + 7, NULL, 10);
    if (strncmp(arguments[i], "threads=", 8) == 0) thread_capacity = strtoull(arguments[i] + 8, NULL, 10);
    if (strncmp(arguments[i], "edges=", 6) == 0) edge_capacity = strtoull(arguments[i] + 6, NULL, 10);
  }
  if (path == NULL || block_capacity == 0 || thread_capacity == 0 || edge_capacity < 4 ||
      (edge_capacity & (edge_capacity - 1)) != 0) {
    fprintf(stderr, "count: needs path=FILE and capacities above 0, that of edges a power of two above 3\n");
    return -1;
  }
  /* Whoever started us may be killed before it can stop us; nobody would ever read these counters. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (map_file(path, block_capacity, thread_capacity, edge_capacity) != 0 || make_table(block_capacity) != 0) return -1;
  callers = calloc(thread_capacity, sizeof *callers);
  if (callers == NULL) return -1;
  /* The first word of what qemu tells of itself is the name of what it emulates. */
  is_arm = strncmp(*(const char *const *)info, "aarch64", 7) == 0;
  qemu_plugin_register_vcpu_init_cb(id, on_thread);
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
  qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
  return 0;
}
