import { Checkbox } from '@mantine/core';
import { DropArea } from '@/shared/ui/DropArea';
import { useRegisterTexts } from './registerTexts';
import type { useContentForm } from './useContentForm';

/** A file that was made elsewhere: read as LVGL, so that what screens cannot show is said before it is sent. */
export function OwnBinary({ form, busy }: { form: ReturnType<typeof useContentForm>; busy: boolean }) {
  const t = useRegisterTexts();
  return (
    <>
      <DropArea
        label={t('ownFile')}
        hint={t('ownHint')}
        accept=".bin"
        file={form.own?.file ?? null}
        disabled={busy}
        onFile={(file) => void form.chooseOwn(file)}
      />
      <Checkbox
        label={t('swapped')}
        checked={form.swapped}
        onChange={(event) => form.setSwapped(event.currentTarget.checked)}
      />
    </>
  );
}
