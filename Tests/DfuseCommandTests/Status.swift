@testable import dfuse

/// The program's exit status; Swift Testing has a type of the same name.
typealias Status = dfuse.ExitStatus

/// What the program runs on; Foundation has a type of the same name.
typealias ProgramHost = dfuse.Host
