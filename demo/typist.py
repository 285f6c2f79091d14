"""Runs a command on a pseudo terminal of its own and types the answers to its questions.

    typist.py QUESTION ANSWER [QUESTION ANSWER …] -- COMMAND…

Each ANSWER is typed once the terminal shows its QUESTION; one that begins with `|` is a command that reads everything shown so
far and prints what to type. What the terminal shows goes to standard output. Ends with the
command's exit status, or with 99 if a question was never asked, or one was asked that nobody answers.
"""

import os
import pty
import select
import subprocess
import sys
import time

PATIENCE_S = 20
BETWEEN_KEYS_S = 0.01
NOT_AS_ASKED = 99


def main(words):
    split = words.index("--")
    answers = list(zip(words[0:split:2], words[1:split:2]))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(words[split + 1], words[split + 1 :])
    try:
        unasked = converse(terminal, answers)
    finally:
        # Hangs up, which ends a command that still waits for somebody to type.
        os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    for question, _ in unasked:
        print(f"the command did not ask {question!r}", file=sys.stderr)
    return NOT_AS_ASKED if unasked else abs(status)


def converse(terminal, answers):
    """Types until the command ends or goes silent; returns the questions that it did not ask."""
    answers, unanswered, everything = list(answers), "", ""
    while select.select([terminal], [], [], PATIENCE_S)[0]:
        text = shown(terminal)
        if not text:
            break
        print(text.replace("\r\n", "\n"), end="", flush=True)
        unanswered += text
        everything += text
        if answers and answers[0][0] in unanswered:
            type_in(terminal, decided(answers.pop(0)[1], everything))
            unanswered = ""
    return answers


def shown(terminal):
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:  # Linux says EIO when the last program on the terminal has ended.
        return ""


def decided(answer, everything):
    if not answer.startswith("|"):
        return answer
    ran = subprocess.run(answer[1:], shell=True, check=True, input=everything, text=True, stdout=subprocess.PIPE)
    return ran.stdout.strip()


def type_in(terminal, answer):
    for key in answer + "\r":
        time.sleep(BETWEEN_KEYS_S)
        os.write(terminal, key.encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
