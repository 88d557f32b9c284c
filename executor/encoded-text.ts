/** Texts in other encodings than UTF-8, written to where they are sent from. */
import type { Encoding } from '../types/encodings/index.ts';
import type { LongText } from '../types/long-text.ts';
import type { OutBuffer } from '../types/out-buffer.ts';

/** Up to here a loop over ASCII beats a native call. */
const SHORT_TEXT = 48;
/** From here on bytes are counted before there is room made for them. */
const LONG_TEXT = 65536;

/** Error: 22P05, and the length is what it was. */
export function appendText(out: OutBuffer, text: string | LongText, encoding: Encoding): void {
  const { growth } = encoding;
  if (typeof text !== 'string') {
    out.reserve(text.bytes.length * growth);
    out.length = encoding.fromUtf8(text.bytes, 0, text.bytes.length, out.bytes, out.length);
    return;
  }
  const { length } = text;
  const room = length > LONG_TEXT ? Buffer.byteLength(text, 'utf8') : length * 3;
  // UTF-8 goes behind the room for what it becomes, or where that is never longer, in its place.
  const ahead = growth === 1 ? 0 : room * growth;
  out.reserve(ahead + room);
  const { bytes, length: start } = out;
  if (length <= SHORT_TEXT) {
    let at = 0;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code >= 128) break;
      bytes[start + at] = code;
    }
    if (at === length) {
      out.length = start + length;
      return;
    }
  }
  const written = bytes.utf8Write(text, start + ahead);
  out.length = encoding.fromUtf8(bytes, start + ahead, start + ahead + written, bytes, start);
}
