/*
 * Says what the CPU it runs on offers, on one line: run under the emulator, that is what programs there choose their
 * code by (hashing, comparing, copying). What numbers this very CPU or launch (serial, initial APIC id) is left out.
 */
#include <stdio.h>

#if defined(__x86_64__)
#include <cpuid.h>

static void leaf(unsigned number, unsigned part, int with_b) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __get_cpuid_count(number, part, &a, &b, &c, &d);
  printf(" %x.%x:%x,%x,%x", number, part, with_b ? b : 0, c, d);
}

int main(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(0, &a, &b, &c, &d);
  printf("%.4s%.4s%.4s", (char *)&b, (char *)&d, (char *)&c);
  __get_cpuid(1, &a, &b, &c, &d);
  printf(" family %x", a);
  leaf(1, 0, 0);
  leaf(7, 0, 1);
  leaf(7, 1, 1);
  leaf(0x80000001, 0, 0);
  if (c & (1u << 27)) {
    unsigned low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    printf(" xcr0:%x", low);
  }
  putchar('\n');
  return 0;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

int main(void) {
  printf("aarch64 hwcap:%lx hwcap2:%lx\n", getauxval(16), getauxval(26));
  return 0;
}
#else
int main(void) { return 1; }
#endif
