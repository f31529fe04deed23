/** What the service answered. See index.d.ts. */
export class AxonPushResponse {
  /** @type {any} */
  #data;
  #parsed = false;

  /**
   * @param {string} text
   * @param {number} httpStatus
   * @param {string | null} requestId
   */
  constructor(text, httpStatus, requestId) {
    this.text = text;
    this.httpStatus = httpStatus;
    this.requestId = requestId;
  }

  /** Parsed when it is first asked for: most answers of background publishing never are. */
  get data() {
    if (!this.#parsed) {
      this.#data = JSON.parse(this.text);
      this.#parsed = true;
    }
    return this.#data;
  }

  get eventId() {
    return this.data?.eventId;
  }
}
