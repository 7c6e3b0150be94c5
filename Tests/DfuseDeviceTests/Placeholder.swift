import DfuseDevice
import Testing
