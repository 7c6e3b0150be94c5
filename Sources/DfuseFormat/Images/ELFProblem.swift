/// What is wrong with an ELF file.
public enum ELFProblem: Hashable, Sendable {
  /// Not ELFCLASS32.
  case notThirtyTwoBit
}
