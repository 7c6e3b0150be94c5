/// What a file was recognised as.
public enum DetectedInput: Hashable, Sendable {
  /// Firmware.
  case image(ImageKind)
  /// A DfuSe container: firmware packed already.
  case dfuseContainer
}
