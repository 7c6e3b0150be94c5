import DfuseSimulator
import Testing
