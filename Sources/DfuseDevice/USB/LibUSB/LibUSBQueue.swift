import CLibUSB

extension LibUSBHandle {
  /// Makes several control transfers, which are all under way at once.
  ///
  /// On Linux usbfs submits each as one URB, and a controller works through the URBs of an endpoint in
  /// their order, over USB/IP as well; behind one that stalls it goes on.
  ///
  /// Time-outs are kept here and not by libusb, which would take the first transfer out and let the
  /// next one begin: what is under way is cancelled from the last to the first. This returns when
  /// libusb has given every transfer back, as only then they may be freed.
  ///
  /// - SeeAlso: `proc_do_submiturb` in Linux's `drivers/usb/core/devio.c`; `usb_submit_urb` and
  ///   `usb_unlink_urb` in `urb.c`; `stub_recv_cmd_submit` in `drivers/usb/usbip/stub_rx.c`.
  func perform(_ queue: [QueuedTransfer], now: () -> Duration) -> [TransferAnswer] {
    var deadline = now()
    var submitted: [SubmittedTransfer] = []
    var refusal: USBError?
    for transfer in queue where refusal == nil {
      do throws(USBError) {
        submitted.append(try SubmittedTransfer(transfer, on: self))
      } catch {
        refusal = error
      }
    }
    var answers: [TransferAnswer] = []
    var isCancelled = false
    for (index, transfer) in submitted.enumerated() {
      deadline += max(queue[index].timeout, .milliseconds(1))
      while !transfer.isBack {
        let left = deadline - now()
        if left <= .zero, !isCancelled {
          isCancelled = true
          for transfer in submitted[index...].reversed() { transfer.cancel() }
        }
        let limit = isCancelled ? .seconds(1) : left
        unsafe device.context.handleEvents(limit: limit, until: transfer.flag)
      }
      answers.append(TransferAnswer(transfer.result, ended: now()))
    }
    if let end = answers.firstIndex(where: \.isLast) { return Array(answers[...end]) }
    if let refusal { answers.append(TransferAnswer(.failure(refusal), ended: now())) }
    return answers
  }
}

/// A control transfer that libusb has, or had.
///
/// libusb has the transfer and its buffer from its submission until it has called back. The object
/// must live as long: ``LibUSBHandle/perform(_:now:)`` waits for that.
///
/// - SeeAlso: libusb's "Asynchronous device I/O".
@safe private final class SubmittedTransfer {
  /// What the callback sets to 1; libusb's own synchronous functions read theirs in the same way
  /// (`sync_transfer_wait_for_completion` in its `sync.c`).
  let flag: UnsafeMutablePointer<Int32>
  private let transfer: UnsafeMutablePointer<libusb_transfer>
  private let buffer: UnsafeMutablePointer<UInt8>
  private let size: Int

  /// The SETUP packet comes before the data in the buffer.
  private static let setupSize = MemoryLayout<libusb_control_setup>.size

  init(_ queued: QueuedTransfer, on handle: LibUSBHandle) throws(USBError) {
    guard let length = UInt16(exactly: queued.length), queued.data.count <= queued.length,
      let transfer = unsafe libusb_alloc_transfer(0)
    else {
      throw USBError(libUSB: LIBUSB_ERROR_INVALID_PARAM.rawValue, call: "libusb_submit_transfer")
    }
    size = Self.setupSize + queued.length
    unsafe self.transfer = transfer
    unsafe buffer = .allocate(capacity: size)
    unsafe flag = .allocate(capacity: 1)
    unsafe buffer.initialize(repeating: 0, count: size)
    unsafe flag.initialize(to: 0)
    let request = queued.request
    unsafe libusb_fill_control_setup(
      buffer, request.bmRequestType, request.bRequest, request.wValue, request.wIndex, length)
    for (index, byte) in queued.data.enumerated() {
      unsafe buffer[Self.setupSize + index] = byte
    }
    // No time-out of libusb's own: see LibUSBHandle.perform.
    unsafe libusb_fill_control_transfer(
      transfer, handle.handle, buffer,
      { transfer in
        let flag = unsafe transfer?.pointee.user_data?.assumingMemoryBound(to: Int32.self)
        unsafe flag?.pointee = 1
      }, flag, 0)
    try check("libusb_submit_transfer", unsafe libusb_submit_transfer(transfer))
  }

  deinit {
    unsafe libusb_free_transfer(transfer)
    unsafe buffer.deallocate()
    unsafe flag.deallocate()
  }

  /// Whether libusb has given it back.
  var isBack: Bool { unsafe flag.pointee != 0 }

  /// Asks for its end, which comes by the callback like any other.
  func cancel() { _ = unsafe libusb_cancel_transfer(transfer) }

  /// How it ended, once it is back; fewer bytes accepted than sent are an error.
  var result: Result<[UInt8], USBError> {
    let count = Int(unsafe transfer.pointee.actual_length)
    let code: libusb_error
    switch unsafe transfer.pointee.status {
    case LIBUSB_TRANSFER_COMPLETED:
      if unsafe buffer[0] & 0x80 != 0 {
        let bytes = unsafe UnsafeBufferPointer(
          start: buffer + Self.setupSize, count: min(max(count, 0), size - Self.setupSize))
        return .success(unsafe Array(bytes))
      }
      guard count == size - Self.setupSize else {
        return .failure(
          .other(
            call: "libusb_submit_transfer", code: Int32(clamping: count),
            name: "only \(count) of \(size - Self.setupSize) bytes were accepted"))
      }
      return .success([])
    case LIBUSB_TRANSFER_CANCELLED, LIBUSB_TRANSFER_TIMED_OUT: code = LIBUSB_ERROR_TIMEOUT
    case LIBUSB_TRANSFER_STALL: code = LIBUSB_ERROR_PIPE
    case LIBUSB_TRANSFER_NO_DEVICE: code = LIBUSB_ERROR_NO_DEVICE
    case LIBUSB_TRANSFER_OVERFLOW: code = LIBUSB_ERROR_OVERFLOW
    default: code = LIBUSB_ERROR_IO
    }
    return .failure(USBError(libUSB: code.rawValue, call: "libusb_submit_transfer"))
  }
}
