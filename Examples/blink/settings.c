/* The second region of the image: what to blink, and how fast. */
#include "blink.h"

#ifndef SETTINGS_VERSION
#define SETTINGS_VERSION 1
#endif

__attribute__((section(".settings"), used)) const struct settings settings = {
    .magic = SETTINGS_MAGIC,
    .version = SETTINGS_VERSION,
#if SETTINGS_VERSION == 1
    .dot_ms = 120,
    .message = "HELLO",
#else
    .dot_ms = 80,
    .message = "HELLO AGAIN",
#endif
};
