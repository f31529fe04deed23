/** A response of the service. See index.d.ts. */
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

  /** The text is parsed on first use, since most responses to background events are never looked at. */
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
