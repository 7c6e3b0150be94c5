import DfuseFormat
import Testing
