/*
 * The guest: 32-bit protected mode, flat, without paging. It takes a command from its mailbox, does
 * it, says so with OUT, which ends KVM_RUN, and takes the next. Linked at 0xd0000000, where guest.ts
 * puts it; ebx is the vCPU's mailbox and never changes, esp a stack.
 *
 * A #GP is noted, and is the end of the command; so is an interrupt, which only comes in HLT and is
 * not acknowledged. Nothing needs an IRET, which KVM's emulator does not have for protected mode. Any
 * other exception is noted too, and is the end of the guest.
 */
    .set COMMAND, 0             /* which: an index of `commands`; 0 once it is taken */
    .set ADDRESS, 4             /* of an MSR, or of memory */
    .set LOW, 8                 /* a value, taken or given */
    .set HIGH, 12
    .set FAULT, 16              /* the exception that the command met */
    .set INTERRUPTED, 20        /* the vector of an interrupt that came */

    .set BASE, 0xd0000000
    .set GDT, 0x3e8             /* all from BASE */
    .set STUBS, 0x400           /* 8 bytes each */
    .set IDT, 0xc00
    .set DONE, 0x10             /* I/O ports */
    .set LOST, 0x11

    .code32
    .globl _start
_start:
serve:
    mov COMMAND(%ebx), %eax
    movl $0, COMMAND(%ebx)
    cmp $(commands_end - commands) / 4, %eax
    jae lost
    mov commands(, %eax, 4), %eax
    jmp *%eax
done:
    out %al, $DONE
    jmp serve

nop:                            /* leaves the guest, for KVM alone, as anything might */
    mov %ebx, %esi
    xor %eax, %eax
    cpuid
    mov %esi, %ebx
    jmp done

wrmsr:
    mov ADDRESS(%ebx), %ecx
    mov LOW(%ebx), %eax
    mov HIGH(%ebx), %edx
    wrmsr
    jmp done

rdmsr:
    mov ADDRESS(%ebx), %ecx
    rdmsr
    mov %eax, LOW(%ebx)
    mov %edx, HIGH(%ebx)
    jmp done

hlt:
    sti                         /* takes effect after the next instruction */
    hlt
    cli
    jmp done

load:
    mov ADDRESS(%ebx), %ecx
    mov (%ecx), %eax
    mov %eax, LOW(%ebx)
    jmp done

store:
    mov ADDRESS(%ebx), %ecx
    mov LOW(%ebx), %eax
    mov %eax, (%ecx)
    jmp done

lost:
    out %al, $LOST
    jmp lost

/* Every vector comes here, with the address behind its stub on the stack. */
trap:
    pop %edi
    sub $(BASE + STUBS + 5), %edi
    shr $3, %edi
    cmp $32, %edi
    jae interrupt
    mov %edi, FAULT(%ebx)
    cmp $13, %edi
    jne lost
    add $16, %esp               /* error code, eip, cs, eflags */
    jmp done
interrupt:
    mov %edi, INTERRUPTED(%ebx)
    add $12, %esp
    jmp done

    .balign 4
commands:
    .long nop, wrmsr, rdmsr, hlt, load, store
commands_end:

    .org GDT
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff

    .org STUBS
    .rept 256
    .byte 0xe8                  /* call */
    .long trap - . - 4
    .balign 8
    .endr

    .org IDT
    .set vector, 0
    .rept 256
    .word STUBS + vector * 8, 8, 0x8e00, BASE >> 16
    .set vector, vector + 1
    .endr
