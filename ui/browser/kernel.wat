;; The inner loop of every convolution, with SIMD: for four places of the output at once, eight of
;; its channels,
;;
;;     out_j[c] = bias[c] + sum over r < rows, i < run of a_j[r, i] * weights[r, i, c]
;;
;; with c = 0 .. 7 and j = 0 .. 3. a_j[r, i] are floats in a row, $run of them, and $gap bytes lie
;; between the end of a row and the start of the next; the others but $rows are addresses in bytes.
;; With maps stored as (H, W, C), a row of a convolution's window is one run of floats, so nothing
;; needs to be copied together first. Eight sums of four floats stay in registers, with two vectors
;; of weights and one input: 11 of the 16 that a CPU has. network.js has the same loop in JavaScript
;; for browsers without SIMD.
;;
;; After a change here, assemble kernel.wasm again; tests/ui/browser/test_kernel.py compares the two:
;;
;;     python tests/ui/browser/test_kernel.py
(module
  (import "m" "m" (memory 1))
  (func (export "k")
    (param $a0 i32) (param $a1 i32) (param $a2 i32) (param $a3 i32)
    (param $rows i32) (param $gap i32) (param $run i32) (param $weights i32) (param $bias i32)
    (param $out0 i32) (param $out1 i32) (param $out2 i32) (param $out3 i32)
    (local $left i32) ;; of the run
    (local $low0 v128) (local $high0 v128) ;; the sums of place 0: channels 0 .. 3 and 4 .. 7
    (local $low1 v128) (local $high1 v128)
    (local $low2 v128) (local $high2 v128)
    (local $low3 v128) (local $high3 v128)
    (local $low v128) (local $high v128) ;; eight weights
    (local $a v128) ;; one input, four times

    ;; the sums start at the bias
    (local.set $low0 (v128.load align=4 (local.get $bias)))
    (local.set $high0 (v128.load offset=16 align=4 (local.get $bias)))
    (local.set $low1 (v128.load align=4 (local.get $bias)))
    (local.set $high1 (v128.load offset=16 align=4 (local.get $bias)))
    (local.set $low2 (v128.load align=4 (local.get $bias)))
    (local.set $high2 (v128.load offset=16 align=4 (local.get $bias)))
    (local.set $low3 (v128.load align=4 (local.get $bias)))
    (local.set $high3 (v128.load offset=16 align=4 (local.get $bias)))

    (loop $row
      (local.set $left (local.get $run))
      (loop $input
        (local.set $low (v128.load align=4 (local.get $weights)))
        (local.set $high (v128.load offset=16 align=4 (local.get $weights)))
        (local.set $weights (i32.add (local.get $weights) (i32.const 32)))

        (local.set $a (v128.load32_splat align=4 (local.get $a0)))
        (local.set $a0 (i32.add (local.get $a0) (i32.const 4)))
        (local.set $low0 (f32x4.add (local.get $low0) (f32x4.mul (local.get $a) (local.get $low))))
        (local.set $high0 (f32x4.add (local.get $high0) (f32x4.mul (local.get $a) (local.get $high))))

        (local.set $a (v128.load32_splat align=4 (local.get $a1)))
        (local.set $a1 (i32.add (local.get $a1) (i32.const 4)))
        (local.set $low1 (f32x4.add (local.get $low1) (f32x4.mul (local.get $a) (local.get $low))))
        (local.set $high1 (f32x4.add (local.get $high1) (f32x4.mul (local.get $a) (local.get $high))))

        (local.set $a (v128.load32_splat align=4 (local.get $a2)))
        (local.set $a2 (i32.add (local.get $a2) (i32.const 4)))
        (local.set $low2 (f32x4.add (local.get $low2) (f32x4.mul (local.get $a) (local.get $low))))
        (local.set $high2 (f32x4.add (local.get $high2) (f32x4.mul (local.get $a) (local.get $high))))

        (local.set $a (v128.load32_splat align=4 (local.get $a3)))
        (local.set $a3 (i32.add (local.get $a3) (i32.const 4)))
        (local.set $low3 (f32x4.add (local.get $low3) (f32x4.mul (local.get $a) (local.get $low))))
        (local.set $high3 (f32x4.add (local.get $high3) (f32x4.mul (local.get $a) (local.get $high))))

        (br_if $input (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))

      (local.set $a0 (i32.add (local.get $a0) (local.get $gap)))
      (local.set $a1 (i32.add (local.get $a1) (local.get $gap)))
      (local.set $a2 (i32.add (local.get $a2) (local.get $gap)))
      (local.set $a3 (i32.add (local.get $a3) (local.get $gap)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))

    (v128.store align=4 (local.get $out0) (local.get $low0))
    (v128.store offset=16 align=4 (local.get $out0) (local.get $high0))
    (v128.store align=4 (local.get $out1) (local.get $low1))
    (v128.store offset=16 align=4 (local.get $out1) (local.get $high1))
    (v128.store align=4 (local.get $out2) (local.get $low2))
    (v128.store offset=16 align=4 (local.get $out2) (local.get $high2))
    (v128.store align=4 (local.get $out3) (local.get $low3))
    (v128.store offset=16 align=4 (local.get $out3) (local.get $high3))))
