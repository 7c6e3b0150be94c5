extension LibUSBHandle {
  /// Sends `data`; fewer bytes accepted are an error.
  func controlOut(
    _ request: ControlRequest, data: [UInt8], timeout: Duration
  ) throws(USBError) {
    _ = try perform(.sending(data, request, timeout: timeout))
  }

  /// Asks for at most `length` bytes.
  func controlIn(
    _ request: ControlRequest, length: Int, timeout: Duration
  ) throws(USBError) -> [UInt8] {
    try perform(.asking(for: max(length, 0), request, timeout: timeout))
  }

  /// How often it is asked whether the work is to stop.
  private static let stopIsLookedFor: Duration = .milliseconds(20)

  /// A transfer by itself.
  private func perform(_ transfer: QueuedTransfer) throws(USBError) -> [UInt8] {
    let start = ContinuousClock.now
    guard let answer = perform([transfer], until: nil, now: { start.duration(to: .now) }).first
    else {
      throw .disconnected
    }
    return try answer.result.get()
  }

  /// Makes several control transfers, which are all under way at once.
  ///
  /// On Linux usbfs submits each as one URB, and a controller works through the URBs of an endpoint in
  /// their order, over USB/IP as well; behind one that stalls it goes on.
  ///
  /// Time-outs are kept here and not by libusb, which would take the first transfer out and let the
  /// next one begin: what is under way is cancelled from the last to the first, and so it is when the
  /// work is to stop. This returns when libusb has given every transfer back, as only then they may be
  /// freed.
  ///
  /// - SeeAlso: `proc_do_submiturb` in Linux's `drivers/usb/core/devio.c`; `usb_submit_urb` and
  ///   `usb_unlink_urb` in `urb.c`; `stub_recv_cmd_submit` in `drivers/usb/usbip/stub_rx.c`.
  func perform(
    _ queue: [QueuedTransfer], until isStopped: (() -> Bool)?, now: () -> Duration
  ) -> [TransferAnswer] {
    var deadline = now()
    var submitted: [LibUSBTransfer] = []
    var refusal: USBError?
    for transfer in queue where refusal == nil {
      do throws(USBError) {
        submitted.append(try LibUSBTransfer(transfer, on: self))
      } catch {
        refusal = error
      }
    }
    var answers: [TransferAnswer] = []
    var end: USBError?
    for (index, transfer) in submitted.enumerated() {
      deadline += max(queue[index].timeout, .milliseconds(1))
      while !transfer.isBack {
        let left = deadline - now()
        if end == nil {
          end = left <= .zero ? .timedOut : isStopped?() == true ? .cancelled : nil
          if end != nil { for transfer in submitted[index...].reversed() { transfer.cancel() } }
        }
        // A signal may come to another thread than this one.
        let patience = isStopped == nil ? left : min(left, Self.stopIsLookedFor)
        unsafe device.context.handleEvents(
          limit: end == nil ? patience : .seconds(1), until: transfer.flag)
      }
      var result = Result { () throws(USBError) in try transfer.answer() }
      if let end, result == .failure(.timedOut) { result = .failure(end) }
      answers.append(TransferAnswer(result, ended: now()))
    }
    if let end = answers.firstIndex(where: \.isLast) { return Array(answers[...end]) }
    if let refusal { answers.append(TransferAnswer(.failure(refusal), ended: now())) }
    return answers
  }
}
