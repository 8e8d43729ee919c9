import { useState } from 'preact/hooks';
import { send } from '../api/client';
import type { Preview } from '../api/schema';
import { toInvalidate } from '../lib/handover';
import { useRefusal } from '../lib/live';
import { draftOf, kEmptyDraft, targetOf, type Draft } from '../lib/target';
import { Failure, ReadOnly } from '../ui/parts';
import { PreviewView } from './invalidation/preview';
import { TargetForm } from './invalidation/target_form';

/** Choose, preview, confirm; the job has a page of its own. */
export function Invalidate() {
  const [draft, setDraft] = useState<Draft>(takeHandover);
  const [preview, setPreview] = useState<Preview>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const refusal = useRefusal('invalidate');

  function change(next: Draft): void {
    setDraft(next);
    setPreview(undefined);
    setError(undefined);
  }
  async function ask(): Promise<void> {
    const target = targetOf(draft);
    if (typeof target === 'string') return setError(new Error(target));
    setBusy(true);
    setError(undefined);
    setPreview(undefined);
    try {
      setPreview(await send('PreviewInvalidation', 'POST', 'invalidations/preview', target));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  }
  return (
    <>
      <ReadOnly scope="invalidate" id="readonly" />
      <TargetForm draft={draft} disabled={!!refusal} busy={busy} onChange={change} onPreview={() => void ask()} />
      <Failure error={error} />
      {preview && <PreviewView key={preview.token} first={preview} onDismiss={() => setPreview(undefined)} />}
    </>
  );
}

function takeHandover(): Draft {
  const target = toInvalidate.get();
  toInvalidate.set(undefined);
  return target ? draftOf(target) : kEmptyDraft;
}
