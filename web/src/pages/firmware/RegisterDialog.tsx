import { Modal } from '@mantine/core';
import { useUiTexts } from '@/shared/ui/i18n';
import { useTexts } from './i18n';
import { RegisterForm } from './RegisterForm';

export function RegisterDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const t = useTexts();
  const ui = useUiTexts();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('dialog.title')}
      size="lg"
      closeButtonProps={{ 'aria-label': ui('close') }}
    >
      {opened && <RegisterForm onClose={onClose} />}
    </Modal>
  );
}
