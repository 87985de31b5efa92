// Lets the search work where a page of the site was opened as a file: a browser starts no worker from there, but a frame
// runs the same script.
if (location.protocol === "file:") {
  window.Worker = class {
    constructor(address) {
      this.frame = document.body.appendChild(document.createElement("iframe"));
      this.frame.hidden = true;
      const inside = this.frame.contentWindow;
      // What a worker posts goes to the page; what a frame posts would go to itself.
      inside.postMessage = (data) => setTimeout(() => this.onmessage?.({ data }));
      const script = inside.document.createElement("script");
      script.src = address;
      this.ready = new Promise((resolve) => (script.onload = resolve));
      inside.document.body.append(script);
    }

    postMessage(data) {
      this.ready.then(() => setTimeout(() => this.frame.contentWindow?.onmessage({ data })));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
