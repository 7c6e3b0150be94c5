# shellcheck shell=bash
# checks: the other ways there, what goes wrong on them, and sixteen boards at once
# limit: 900 s
# lane: named
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=SCRIPTDIR/enter.sh
. /run/dfuse/host/Kernel/enter.sh

setup make_firmware /tmp/first.bin 5000 1
setup make_firmware /tmp/second.bin 5000 2
check "run-time DFU that needs a reset, and says that it does not" there_and_back dfu-runtime-wrong --enter
check "candleLight" there_and_back candlelight --enter
check "Klipper" there_and_back klipper --enter=klipper
check "INAV 7" there_and_back inav-old --enter
check "Flipper Zero" there_and_back flipper --enter
check "comma's panda, in two stages" there_and_back panda --enter=panda
check "Crazyflie, which does not answer" crazyflie
# What the firmware says when DTR rises may be echoed to it before the port is raw: the text begins
# with the end of a line.
check "a text of one's own" there_and_back cdc '--enter=serial:\rbootloader\r' --path 1-1
check "dfu-util -e, and dfuse enter" beside_dfu_util
check "a port that another program has open" in_use
check "dfuse udev install --running" rules
check "after a touch that was not obeyed, the port has its speed" speed_afterwards
check "a board that does not go" fault nothing 69 "has not left the bus within 3.0 s"
check "a board that comes back as it was, once" fault again 0 "verified"
check "a board that does not come back" fault gone 69 "nothing came back at its port in 10.0 s"
check "a port without its node" without_node
check "the touch without cdc_acm" without_driver klipper --enter=klipper
check "with cdc_acm again" with_driver_again
check "sixteen boards with one serial number, three times" many
