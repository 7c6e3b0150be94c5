import Testing

@testable import dfuse
