# shellcheck shell=bash
# checks: what goes wrong on the way into a bootloader
# limit: 300 s
# lane: enter
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=SCRIPTDIR/enter.sh
. /run/dfuse/host/Kernel/enter.sh

setup make_firmware /tmp/first.bin 5000 1
check "dfu-util -e, and dfuse enter" beside_dfu_util
check "a port that another program has open" in_use
check "a port that ModemManager looks at" held
check "dfuse udev install --running" rules
check "after a touch that was not obeyed, the port has its speed" speed_afterwards
check "a board that does not go" fault nothing 69 "has not left the bus within 3.0 s"
check "a board that comes back as it was, once" fault again 0 "verified"
check "a board that does not come back" fault gone 69 "nothing came back at its port in 10.0 s"
check "a board that comes back late" slow
check "a firmware that hears nothing while DTR is low" needs_dtr betaflight
check "a port without its node" without_node
check "the touch without cdc_acm" without_driver klipper --enter=klipper
check "one that hears nothing while DTR is low, without cdc_acm" needs_dtr_without_driver
check "with cdc_acm again" with_driver_again
