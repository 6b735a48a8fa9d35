//! The long texts of the codes of keys, for `kinlink explain`.

use crate::diagnostic::{Exit, Explanation};

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-K-001",
        exit: Exit::Key,
        title: "The key cannot be read",
        when: "There is no file at the path, this account may not read it, or nothing is open at \
               the file descriptor.",
        fix: "`kinlink key new KEY --purpose production` makes one; a rehearsal makes its own.",
    },
    Explanation {
        code: "KL-K-002",
        exit: Exit::Key,
        title: "Others can read the key or share",
        when: "The file's mode gives its group or everybody a right.",
        fix: "`chmod 600 FILE`, then find out who could have read it. If anybody could, make a new \
              key and encode again.",
    },
    Explanation {
        code: "KL-K-003",
        exit: Exit::Key,
        title: "The key is not a regular file",
        when: "The path is a symbolic link, a folder, a pipe or a device.",
        fix: "Name the file itself. A pipe is read with `--key fd:N`.",
    },
    Explanation {
        code: "KL-K-004",
        exit: Exit::Key,
        title: "The text is not that of a kinlink key",
        when: "It is empty, too long, binary or of another kind, or its check value does not match.",
        fix: "Restore the file from its backup or from its shares; a changed character is always \
              noticed.",
    },
    Explanation {
        code: "KL-K-005",
        exit: Exit::Key,
        title: "A file stands there already",
        when: "A key was to be written where a file is.",
        fix: "Choose another name. Keys are never overwritten.",
    },
    Explanation {
        code: "KL-K-006",
        exit: Exit::Key,
        title: "The key or share cannot be written",
        when: "The folder does not exist, is full, or may not be written to.",
        fix: "Make the folder, or choose another.",
    },
    Explanation {
        code: "KL-K-007",
        exit: Exit::Key,
        title: "The key has another purpose",
        when: "A rehearsal key is used for production, or the other way round.",
        fix: "Use a key of the purpose that `[key] purpose` states.",
    },
    Explanation {
        code: "KL-K-008",
        exit: Exit::Key,
        title: "Another key than the run began with",
        when: "A run is resumed with a key whose fingerprint differs.",
        fix: "Put the first key back, or start a new run.",
    },
    Explanation {
        code: "KL-K-009",
        exit: Exit::Key,
        title: "No random bytes",
        when: "The operating system's generator failed.",
        fix: "Try again on a machine with a working generator.",
    },
    Explanation {
        code: "KL-K-010",
        exit: Exit::Key,
        title: "The key is not 32 bytes long",
        when: "The line `key` holds fewer or more than 64 hexadecimal digits.",
        fix: "Use a key that `kinlink key new` made; a password is no key.",
    },
    Explanation {
        code: "KL-K-011",
        exit: Exit::Key,
        title: "The key's bytes are not random",
        when: "They are all alike, repeat themselves, count up or down, or spell a text.",
        fix: "Use a key that `kinlink key new` made. A key that can be guessed protects nobody.",
    },
    Explanation {
        code: "KL-K-012",
        exit: Exit::Key,
        title: "The command that gives the key failed",
        when: "The program of `[key] command` could not be started, or ended with an error. What \
               it writes to standard error is not shown, because it could hold the key.",
        fix: "Run the command by hand, as the account that runs kinlink, and see what it says.",
    },
    Explanation {
        code: "KL-K-013",
        exit: Exit::Key,
        title: "The key did not come in time",
        when: "The command did not end, or nobody closed the other end of the file descriptor.",
        fix: "See whether the key service answers; close the writing end of the pipe.",
    },
    Explanation {
        code: "KL-K-014",
        exit: Exit::Key,
        title: "A key for files is given where one for pseudonyms is needed",
        when: "The key was made with `--purpose files`. Researchers hold such keys, so they must \
               make no pseudonym, and there is no need to split them among custodians.",
        fix: "Name the project's key, which `kinlink key new KEY` makes.",
    },
    Explanation {
        code: "KL-K-015",
        exit: Exit::Key,
        title: "A key for pseudonyms is given where one for files is needed",
        when: "`--encrypt-with` names the key of a project or round. Whoever reads encrypted files \
               has their key, and with a key for pseudonyms could find people in the data.",
        fix: "`kinlink key new KEY --purpose files` makes a key for files. If the other one was \
              handed to anybody, treat it as seen.",
    },
    Explanation {
        code: "KL-K-016",
        exit: Exit::Key,
        title: "The text is not that of a key for files",
        when: "It is empty, too long, binary or of another kind, or its fingerprint does not match. \
               A password is no key, and neither are 32 bytes without the lines around them.",
        fix: "Copy the file again; a changed character is always noticed. Without the key the files \
              cannot be read: have the release made again, with a new one.",
    },
    Explanation {
        code: "KL-K-020",
        exit: Exit::Usage,
        title: "No such split",
        when: "The threshold is below 2, or above the number of shares; or there are more than 255.",
        fix: "Choose a threshold from 2 to the number of shares, such as 3 of 5.",
    },
    Explanation {
        code: "KL-K-021",
        exit: Exit::Key,
        title: "The text is not that of a share",
        when: "The file is empty, binary or of another kind, or its check does not match: one \
               changed character is always noticed.",
        fix: "Compare it with its custodian's other copy, or use another custodian's share.",
    },
    Explanation {
        code: "KL-K-022",
        exit: Exit::Key,
        title: "Shares that do not belong together",
        when: "The shares are of two keys, or of two splits of one key.",
        fix: "Use shares of one split; their lines `key` and `split` are alike.",
    },
    Explanation {
        code: "KL-K-023",
        exit: Exit::Key,
        title: "One share was given twice",
        when: "Two of the files hold the share of the same number.",
        fix: "Name each share once; copies of one share count once.",
    },
    Explanation {
        code: "KL-K-024",
        exit: Exit::Key,
        title: "Too few shares",
        when: "Fewer shares than the threshold were given. Nothing about the key follows from them.",
        fix: "Ask further custodians for their shares.",
    },
    Explanation {
        code: "KL-K-025",
        exit: Exit::Key,
        title: "The shares do not make the key that they name",
        when: "Every share checks, and what they make has another fingerprint: a share was forged.",
        fix: "Try other shares; tell the custodians.",
    },
    Explanation {
        code: "KL-K-026",
        exit: Exit::Key,
        title: "The folder for the shares is not empty",
        when: "`kinlink key split` was to write into a folder with files in it.",
        fix: "Name a new folder.",
    },
];
