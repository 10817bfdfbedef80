/** Instructions per nanosecond at which 7 of 7 real services agreed with CPU time within 2.2 times. */
export const INSTRUCTIONS_PER_NS = 3;
