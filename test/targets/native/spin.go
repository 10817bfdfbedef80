package main

/*
#include <stdint.h>

static uint64_t mix(uint64_t rounds) {
	uint64_t sum = rounds;
	for (uint64_t i = 0; i < rounds; i++) {
		sum = sum * 6364136223846793005u + i;
	}
	return sum;
}

uint64_t spin(uint64_t rounds) { return mix(rounds); }
*/
import "C"

// What a copy may do more: rounds of the loop in C, each of which takes about a nanosecond.
const moreInC = 0

func inC(rounds uint64) uint64 { return uint64(C.spin(C.uint64_t(rounds + moreInC))) }
