"""The certificate of a microcontroller client that runs as a process: renewed in time, whatever becomes of the answers."""
from harness import wait_until
from harness.mcu_host import Factory, HostCase
from harness.mcu_identity import FlashFile, certificates, key_at, link_that_loses_renewals, make_renewal_due

IDENTITY, SECTOR = 0x6000, 4096


def test_asks_for_the_same_key_until_the_answer_comes(stack, tmp_path):
    case = HostCase(stack, Factory(tmp_path))
    image = case.factory.firmware("1.0.0", 1)
    case.push("1.0.0", image)
    board = case.start_board(image)
    case.wait_said(board, "app: enrol, ok")
    case.wait_said(board, "idle, ")
    board.process.kill()
    board.process.wait()
    flash = FlashFile(stack.programs.path("mcu-1") / "flash.bin")
    before = make_renewal_due(flash, IDENTITY)
    link = link_that_loses_renewals(case, 2)
    board = case.start_board(again=True, url=link.url("https"))
    case.wait_said(board, "app: renewal, io")  # then it waits, and asks again
    wait_until(lambda: board.output.count("app: renewal, io") == 2, 60, what="it to ask again")
    board.process.kill()
    board.process.wait()
    board = case.start_board(again=True, url=link.url("https"))
    case.wait_said(board, "app: renewal, ok")
    keys = certificates(case)
    assert len(set(keys)) == 2, "the same key, in one life of the process and the next"
    assert key_at(flash, IDENTITY + SECTOR) != before
