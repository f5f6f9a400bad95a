import { useState, type FormEvent } from 'react';

/** What a form does when it is sent: whether it is under way, and what refused it the last time. */
export function useSubmit(work: () => Promise<unknown>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return {
    busy,
    error,
    forget: () => setError(null),
    /** For a form's onSubmit, or a button's onClick. */
    submit: (event?: Pick<FormEvent, 'preventDefault'>) => {
      event?.preventDefault();
      void submit();
    },
  };
}
