// Browsers start no worker from a file. Where a page was opened as a file, the search runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.waiting = []
      this.onmessage = null
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.onload = () => this.start(frame.contentWindow, String(url))
      const attach = () => document.body.appendChild(frame)
      document.body ? attach() : addEventListener("DOMContentLoaded", attach)
    }

    start(room, url) {
      if (this.room) return
      room.postMessage = (data) => this.answer(data)
      const script = room.document.createElement("script")
      script.src = url
      script.onload = () => {
        this.room = room
        this.waiting.splice(0).forEach((data) => this.postMessage(data))
      }
      room.document.body.appendChild(script)
    }

    answer(data) {
      const message = new MessageEvent("message", { data })
      this.dispatchEvent(message)
      if (this.onmessage) this.onmessage(message)
    }

    postMessage(data) {
      if (this.room) this.room.dispatchEvent(new this.room.MessageEvent("message", { data }))
      else this.waiting.push(data)
    }

    terminate() {
      this.room?.frameElement.remove()
    }
  }
}
