# shellcheck shell=bash
# checks: from a running firmware into its bootloader and back
# limit: 300 s
# lane: enter
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=SCRIPTDIR/enter.sh
. /run/dfuse/host/Kernel/enter.sh

setup make_firmware /tmp/first.bin 5000 1
setup make_firmware /tmp/second.bin 5000 2
check "run-time DFU" there_and_back dfu-runtime --enter
check "1200 baud touch" there_and_back touch --enter=touch --path 1-1
check "Betaflight" there_and_back betaflight --enter
check "MicroPython" there_and_back repl --enter
check "a request of one's own" there_and_back cdc --enter=control:40:b0:0:0 --path 1-1
check "a port that is the group dialout's" no_permission
check "after a question that was not answered, DTR is low" given_up
check "a board with another bootloader" fault other 69 "which is no DfuSe bootloader"
check "Betaflight without cdc_acm" without_driver betaflight --enter
check "with cdc_acm again" with_driver_again
