# shellcheck shell=bash
# checks: every other firmware, into its bootloader and back
# limit: 400 s
# lane: enter
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=SCRIPTDIR/enter.sh
. /run/dfuse/host/Kernel/enter.sh

setup make_firmware /tmp/first.bin 5000 1
check "run-time DFU that needs a reset" reset_in_time
check "run-time DFU that needs a reset, and says that it does not" there_and_back dfu-runtime-wrong --enter
check "candleLight" there_and_back candlelight --enter
check "Klipper" there_and_back klipper --enter=klipper
check "Klipper, by its serial request" there_and_back klipper --enter=klipper-serial
check "EmuFlight" there_and_back emuflight --enter
check "INAV 9" there_and_back inav --enter
check "INAV 7" there_and_back inav-old --enter
check "MicroPython on an Arduino board" there_and_back micropython-arduino --enter
check "CircuitPython" there_and_back circuitpython --enter=touch
check "Flipper Zero" there_and_back flipper --enter
check "NanoVNA" there_and_back nanovna --enter=chibios
check "tinySA" there_and_back tinysa --enter
check "Espruino" there_and_back espruino --enter=espruino
check "rusEFI" there_and_back rusefi --enter=rusefi
check "comma's panda, in two stages" there_and_back panda --enter=panda
check "Crazyflie, which does not answer" crazyflie
# What the firmware says when DTR rises may be echoed to it before the port is raw: the text begins
# with the end of a line.
check "a text of one's own" there_and_back cdc '--enter=serial:\rbootloader\r' --path 1-1
