/// A control transfer that is given to a device together with others.
public struct QueuedTransfer: Hashable, Sendable {
  /// Its SETUP fields; ``ControlRequest/isIn`` says which way the data go.
  public var request: ControlRequest
  /// The bytes to send; none when the data come from the device.
  public var data: [UInt8]
  /// The length of the data stage in bytes (`wLength`).
  public var length: Int
  /// The time it may take by itself, once those before it are over.
  public var timeout: Duration

  /// A transfer that sends `data`.
  public static func sending(
    _ data: [UInt8], _ request: ControlRequest, timeout: Duration
  ) -> QueuedTransfer {
    QueuedTransfer(request: request, data: data, length: data.count, timeout: timeout)
  }

  /// A transfer that asks for at most `length` bytes.
  public static func asking(
    for length: Int, _ request: ControlRequest, timeout: Duration
  ) -> QueuedTransfer {
    QueuedTransfer(request: request, data: [], length: length, timeout: timeout)
  }
}

/// What came of a ``QueuedTransfer``.
public struct TransferAnswer: Hashable, Sendable {
  /// The bytes that came, none for a transfer to the device; or why it failed.
  public var result: Result<[UInt8], USBError>
  /// When it was over, on the link's clock.
  public var ended: Duration

  /// Makes an answer.
  public init(_ result: Result<[UInt8], USBError>, ended: Duration) {
    self.result = result
    self.ended = ended
  }

  /// Whether nothing more comes behind it: it was cancelled with all that was, or the device is gone.
  package var isLast: Bool {
    [.failure(.timedOut), .failure(.cancelled), .failure(.disconnected)].contains(result)
  }
}

extension ControlLink {
  /// One after the other, up to the first that fails or is not to be begun any more.
  public func perform(
    _ transfers: [QueuedTransfer], until isStopped: (() -> Bool)?
  ) -> [TransferAnswer] {
    var answers: [TransferAnswer] = []
    for transfer in transfers {
      do throws(USBError) {
        if isStopped?() == true { throw .cancelled }
        let bytes = try perform(transfer)
        answers.append(TransferAnswer(.success(bytes), ended: now))
      } catch {
        answers.append(TransferAnswer(.failure(error), ended: now))
        break
      }
    }
    return answers
  }

  /// One transfer by itself.
  private func perform(_ transfer: QueuedTransfer) throws(USBError) -> [UInt8] {
    guard !transfer.request.isIn else {
      return try controlIn(transfer.request, length: transfer.length, timeout: transfer.timeout)
    }
    try controlOut(transfer.request, data: transfer.data, timeout: transfer.timeout)
    return []
  }
}
