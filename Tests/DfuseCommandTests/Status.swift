@testable import dfuse

/// The program's exit status; Swift Testing has a type of the same name.
typealias Status = dfuse.ExitStatus
