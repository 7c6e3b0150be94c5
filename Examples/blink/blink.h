/* What the program and its settings agree on. */
#ifndef BLINK_H
#define BLINK_H

#include <stdint.h>

#define SETTINGS_MAGIC 0x4b4e4c42u /* "BLNK" as it stands in memory */

/* Lives at the start of flash sector 1, so that it can be changed without the program. */
struct settings {
  uint32_t magic;
  uint16_t version; /* of the settings, not of the program */
  uint16_t dot_ms;  /* length of a Morse dot; a dash is three of them */
  char message[56]; /* NUL padded; letters, digits and blanks */
};

extern const struct settings settings;

#endif
