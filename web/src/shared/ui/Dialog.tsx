import { Modal, type ModalProps } from '@mantine/core';
import { useUiTexts } from './i18n';

/** A window over the page. What is in it exists only while it is open: each time a fresh form. */
export function Dialog({ children, ...props }: ModalProps) {
  const t = useUiTexts();
  return (
    <Modal closeButtonProps={{ 'aria-label': t('close') }} {...props}>
      {props.opened && children}
    </Modal>
  );
}
