import { Modal } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useUiTexts } from '@/shared/ui/i18n';
import { LoadingRows } from '@/shared/ui/PageState';
import { useRegisterTexts } from './registerTexts';

// The converter comes when it is wanted.
const RegisterForm = lazy(async () => ({ default: (await import('./RegisterForm')).RegisterForm }));

export function RegisterDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const t = useRegisterTexts();
  const ui = useUiTexts();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('title')}
      size="80rem"
      closeButtonProps={{ 'aria-label': ui('close') }}
    >
      {opened && (
        <Suspense fallback={<LoadingRows rows={6} />}>
          <RegisterForm onClose={onClose} />
        </Suspense>
      )}
    </Modal>
  );
}
