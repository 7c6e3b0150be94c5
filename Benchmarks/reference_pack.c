/*
 * A DfuSe packer written the plain way: read a file, put the fields around it, and run every byte
 * through a table CRC as it is written. The yardstick of `Scripts/bench pack`.
 *
 *   reference_pack OUT ADDRESS IMAGE ALT
 *
 * One target without a name, one element; 0483:df11, release 0xffff. Formats: ST UM0391 section 2 and
 * DFU 1.1 appendix B. DFUImageSize is the length of the file without its suffix, as flashers check it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t table[256];
static uint32_t crc = 0xffffffffu;
static FILE *out;

static void make_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++)
      value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    table[i] = value;
  }
}

static void put_byte(uint8_t byte) {
  crc = crc >> 8 ^ table[(crc ^ byte) & 0xff];
  putc(byte, out);
}

static void put_bytes(const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  while (count--)
    put_byte(*next++);
}

static void put_number(uint32_t number, int bytes) {
  while (bytes--) {
    put_byte((uint8_t)number);
    number >>= 8;
  }
}

static int fail(const char *what) {
  perror(what);
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fputs("usage: reference_pack OUT ADDRESS IMAGE ALT\n", stderr);
    return 64;
  }
  FILE *in = fopen(argv[3], "rb");
  if (!in) return fail(argv[3]);
  if (fseek(in, 0, SEEK_END)) return fail(argv[3]);
  long length = ftell(in);
  if (length <= 0 || (unsigned long)length > 0xf0000000ul) return fail(argv[3]);
  rewind(in);
  uint8_t *image = malloc((size_t)length);
  if (!image) return fail("malloc");
  if (fread(image, 1, (size_t)length, in) != (size_t)length) return fail(argv[3]);
  fclose(in);

  out = fopen(argv[1], "wb");
  if (!out) return fail(argv[1]);
  make_table();
  uint32_t size = (uint32_t)length;

  /* Prefix */
  put_bytes("DfuSe", 5);
  put_number(1, 1);
  put_number(11 + 274 + 8 + size, 4);
  put_number(1, 1);
  /* Target prefix */
  put_bytes("Target", 6);
  put_number((uint32_t)strtoul(argv[4], NULL, 10), 1);
  put_number(0, 4);
  for (int i = 0; i < 255; i++)
    put_byte(0);
  put_number(8 + size, 4);
  put_number(1, 4);
  /* Element */
  put_number((uint32_t)strtoul(argv[2], NULL, 16), 4);
  put_number(size, 4);
  put_bytes(image, size);
  /* Suffix; the CRC is over all that comes before it */
  put_number(0xffff, 2);
  put_number(0xdf11, 2);
  put_number(0x0483, 2);
  put_number(0x011a, 2);
  put_bytes("UFD", 3);
  put_number(16, 1);
  put_number(crc, 4);

  free(image);
  if (ferror(out) || fclose(out)) return fail(argv[1]);
  return 0;
}
