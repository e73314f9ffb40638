package dev.terrace.cache.testkit;

import static java.util.stream.Collectors.toCollection;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** What the module whose tests are running shows to the world. */
public final class PublishedModule {

    private final ModuleDescriptor descriptor;

    private PublishedModule(ModuleDescriptor descriptor) {
        this.descriptor = descriptor;
    }

    /** Reads the compiled {@code module-info} of the module whose tests are running. */
    public static PublishedModule underTest() {
        return new PublishedModule(ModuleFinder.of(HouseRules.classesDirectory()).findAll().stream()
                .findFirst()
                .orElseThrow(() -> new AssertionError("no module-info in " + HouseRules.classesDirectory()))
                .descriptor());
    }

    /** A module that has a name and no descriptor. */
    public static PublishedModule named(String name, String exported) {
        return new PublishedModule(ModuleDescriptor.newModule(name)
                .packages(Set.of(exported))
                .exports(exported)
                .build());
    }

    /** The module's name. */
    public String name() {
        return descriptor.name();
    }

    /** Every exported package, as {@code exports} or {@code opens} would be written. */
    public Set<String> exports() {
        return Stream.concat(
                        descriptor.exports().stream().map(Exports::toString),
                        descriptor.opens().stream().map(opened -> "opens " + opened))
                .collect(toCollection(TreeSet::new));
    }

    /** Every required module but {@code java.base}, with its modifiers. */
    public Set<String> requires() {
        return descriptor.requires().stream()
                .filter(required -> !required.modifiers().contains(Requires.Modifier.MANDATED))
                .map(required -> {
                    String modifiers = required.modifiers().contains(Requires.Modifier.STATIC) ? "static " : "";
                    modifiers += required.modifiers().contains(Requires.Modifier.TRANSITIVE) ? "transitive " : "";
                    return modifiers + required.name();
                })
                .collect(toCollection(TreeSet::new));
    }

    /**
     * The public and protected types and members of exported packages that have no comment. What overrides needs none,
     * nor do the parts of a record or an enum: its comment tells them.
     */
    public List<String> undocumented() {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask)
                    compiler.getTask(null, files, null, null, null, files.getJavaFileObjectsFromPaths(sources()));
            CommentScanner scanner = new CommentScanner(DocTrees.instance(task));
            for (CompilationUnitTree unit : task.parse()) {
                scanner.scan(unit, null);
            }
            return scanner.missing;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Path> sources() throws IOException {
        Path root = Path.of(System.getProperty("basedir", ""), "src", "main", "java");
        List<Path> sources = new ArrayList<>();
        for (Exports exported : descriptor.exports()) {
            try (Stream<Path> directory =
                    Files.list(root.resolve(exported.source().replace('.', File.separatorChar)))) {
                directory.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        return sources;
    }

    private static final class CommentScanner extends TreePathScanner<@Nullable Void, @Nullable Void> {

        private final DocTrees trees;
        private final List<String> missing = new ArrayList<>();

        CommentScanner(DocTrees trees) {
            this.trees = trees;
        }

        @Override
        public @Nullable Void visitClass(ClassTree type, @Nullable Void unused) {
            if (!isPublished(type.getModifiers())) {
                return null;
            }
            requireComment(type.getSimpleName().toString());
            return super.visitClass(type, null);
        }

        @Override
        public @Nullable Void visitMethod(MethodTree method, @Nullable Void unused) {
            boolean overrides = method.getModifiers().getAnnotations().stream()
                    .anyMatch(annotation ->
                            annotation.getAnnotationType().toString().equals("Override"));
            boolean ofRecord = owner().getKind() == Tree.Kind.RECORD && method.getReturnType() == null;
            if (isPublished(method.getModifiers()) && !overrides && !ofRecord) {
                requireComment(owner().getSimpleName() + "." + method.getName());
            }
            return null;
        }

        @Override
        public @Nullable Void visitVariable(VariableTree field, @Nullable Void unused) {
            boolean ofRecord = owner().getKind() == Tree.Kind.RECORD
                    && !field.getModifiers().getFlags().contains(Modifier.STATIC);
            boolean ofEnum = owner().getKind() == Tree.Kind.ENUM;
            if (isPublished(field.getModifiers()) && !ofRecord && !ofEnum) {
                requireComment(owner().getSimpleName() + "." + field.getName());
            }
            return null;
        }

        private boolean isPublished(ModifiersTree modifiers) {
            return modifiers.getFlags().contains(Modifier.PUBLIC)
                    || modifiers.getFlags().contains(Modifier.PROTECTED)
                    || (getCurrentPath().getParentPath().getLeaf() instanceof ClassTree outer
                            && outer.getKind() == Tree.Kind.INTERFACE
                            && !modifiers.getFlags().contains(Modifier.PRIVATE));
        }

        private ClassTree owner() {
            return (ClassTree) getCurrentPath().getParentPath().getLeaf();
        }

        private void requireComment(String name) {
            TreePath path = getCurrentPath();
            if (trees.getDocComment(path) == null) {
                long line = path.getCompilationUnit()
                        .getLineMap()
                        .getLineNumber(
                                trees.getSourcePositions().getStartPosition(path.getCompilationUnit(), path.getLeaf()));
                missing.add(name + " ("
                        + Path.of(path.getCompilationUnit().getSourceFile().toUri())
                                .getFileName() + ":" + line + ")");
            }
        }
    }
}
