/*
 * Vector table and reset code for an STM32F405 or STM32F407.
 *
 * The table has the 16 entries of ARMv7-M (B1.5.3) and the chip's 82 (ST RM0090, vector table).
 * This program takes one interrupt; every other entry stops the chip where a debugger finds it.
 */
#include <stdint.h>

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

int main(void);
void SysTick_Handler(void);

void Unexpected_Handler(void) {
  for (;;)
    __asm volatile("bkpt 0");
}

void Reset_Handler(void) {
  uint32_t *from = &data_load;
  for (uint32_t *to = &data_start; to < &data_end;)
    *to++ = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end;)
    *to++ = 0;
  main();
  Unexpected_Handler();
}

typedef void (*handler)(void);

__attribute__((section(".vectors"), used)) const handler vectors[16 + 82] = {
    [0] = (handler)&stack_top,
    [1] = Reset_Handler,
    [2 ... 6] = Unexpected_Handler, /* NMI and the faults; 7 to 10 are reserved */
    [11 ... 12] = Unexpected_Handler,
    [14] = Unexpected_Handler,
    [15] = SysTick_Handler,
    [16 ... 97] = Unexpected_Handler,
};
