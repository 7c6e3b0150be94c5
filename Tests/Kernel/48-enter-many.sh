# shellcheck shell=bash
# checks: sixteen boards at once, from running to running
# limit: 500 s
# lane: chips
# shellcheck source=SCRIPTDIR/lib.sh
. /run/dfuse/host/Kernel/lib.sh
# shellcheck source=SCRIPTDIR/firmware.sh
. /run/dfuse/host/Kernel/firmware.sh
# shellcheck source=SCRIPTDIR/enter.sh
. /run/dfuse/host/Kernel/enter.sh

setup make_firmware /tmp/first.bin 5000 1
setup make_firmware /tmp/second.bin 5000 2
check "sixteen boards with one serial number, three times" many
