import type { Key } from '../api/schema';
import { keyToInspect } from '../lib/handover';
import { shownKey } from '../lib/key_form';
import { cutMiddle } from '../lib/keys';
import { hrefOf } from '../lib/router';

/** A key: every byte visible, long ones cut in the middle, all of it in the tooltip. A link to its inspection where that makes sense. */
export function KeyText({ value, link = true, most = 64 }: { value: Key; link?: boolean; most?: number }) {
  const whole = shownKey(value) + (value.cut ? '…' : '');
  const text = (
    <bdi class="key" title={whole}>
      {cutMiddle(whole, most)}
    </bdi>
  );
  if (!link || value.cut) return text;
  return (
    <a href={hrefOf('inspect')} onClick={() => keyToInspect.set(shownKey(value))}>
      {text}
    </a>
  );
}
