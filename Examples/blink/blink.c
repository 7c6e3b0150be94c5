/*
 * Blinks a message in Morse code on the green LED of ST's STM32F4 Discovery board (PD12).
 *
 * Runs on an STM32F405 or STM32F407 as it comes out of reset: 16 MHz internal clock, no libraries.
 * Registers are those of ST RM0090 (STM32F4 reference manual) and of the ARMv7-M architecture.
 */
#include "blink.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define RCC_AHB1ENR REGISTER(0x40023830u) /* RM0090 section 7.3.10: bit 3 clocks port D */
#define GPIOD_MODER REGISTER(0x40020c00u) /* RM0090 section 8.4.1; two bits a pin, 01 = output */
#define GPIOD_BSRR REGISTER(0x40020c18u)  /* RM0090 section 8.4.7; low half sets, high half clears */

#define SYST_CSR REGISTER(0xe000e010u) /* ARMv7-M B3.3: SysTick control, reload, current value */
#define SYST_RVR REGISTER(0xe000e014u)
#define SYST_CVR REGISTER(0xe000e018u)

#define CORE_HZ 16000000u
#define LED_PIN 12u

/* Dots and dashes of A to Z, then of 0 to 9. */
static const char letters[][6] = {
    ".-",   "-...", "-.-.", "-..",  ".",   "..-.", "--.",  "....", "..",   ".---", "-.-",  ".-..",
    "--",   "-.",   "---",  ".--.", "--.-", ".-.", "...",  "-",    "..-",  "...-", ".--",  "-..-",
    "-.--", "--..",
};
static const char digits[][6] = {
    "-----", ".----", "..---", "...--", "....-", ".....", "-....", "--...", "---..", "----.",
};

/* Used when nobody flashed settings. Changed at run time, so it is in RAM and its first value in flash. */
static struct {
  uint32_t dot_ms;
  char message[8];
} fallback = {.dot_ms = 200, .message = "SOS"};

static volatile uint32_t milliseconds; /* counted by SysTick_Handler */
static uint32_t rounds;

void SysTick_Handler(void) { milliseconds++; }

static void wait(uint32_t ms) {
  uint32_t start = milliseconds;
  while (milliseconds - start < ms)
    __asm volatile("wfi");
}

static void light(int on) { GPIOD_BSRR = 1u << (on ? LED_PIN : LED_PIN + 16u); }

static const char *morse(char c) {
  if (c >= 'A' && c <= 'Z') return letters[c - 'A'];
  if (c >= 'a' && c <= 'z') return letters[c - 'a'];
  if (c >= '0' && c <= '9') return digits[c - '0'];
  return ""; /* anything else is a blank between words */
}

static void send(const char *text, uint32_t size, uint32_t dot) {
  for (uint32_t i = 0; i < size && text[i]; i++) {
    const char *code = morse(text[i]);
    if (!*code) wait(4 * dot); /* with the 3 after the last letter: 7, the gap between words */
    for (; *code; code++) {
      light(1);
      wait(*code == '-' ? 3 * dot : dot);
      light(0);
      wait(dot);
    }
    wait(2 * dot); /* with the 1 after the last sign: 3, the gap between letters */
  }
}

int main(void) {
  RCC_AHB1ENR |= 1u << 3;
  (void)RCC_AHB1ENR; /* ES0182: the port has its clock only two cycles after the write */
  GPIOD_MODER = (GPIOD_MODER & ~(3u << (2 * LED_PIN))) | 1u << (2 * LED_PIN);

  SYST_RVR = CORE_HZ / 1000 - 1;
  SYST_CVR = 0;
  SYST_CSR = 7; /* core clock, interrupt, on */

  for (;;) {
    if (settings.magic == SETTINGS_MAGIC) {
      send(settings.message, sizeof settings.message, settings.dot_ms);
    } else {
      send(fallback.message, sizeof fallback.message, fallback.dot_ms);
      if (fallback.dot_ms > 60) fallback.dot_ms -= 20; /* more urgent every time */
    }
    rounds++;
    wait(2000);
  }
}
